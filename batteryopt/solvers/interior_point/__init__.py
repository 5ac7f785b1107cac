"""Ipopt, POUNCE and what codes of their kind share."""
