"""Followers replaced by their optimality conditions."""
