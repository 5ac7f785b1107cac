"""Bounds and plans of location problems by prices of goods at each node: no linear program of the whole is needed."""
