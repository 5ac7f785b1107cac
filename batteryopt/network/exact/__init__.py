"""Optima by enumeration and dynamic programming, where there is no solver to trust."""
