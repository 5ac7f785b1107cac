"""Makers of futures: draws of what is uncertain, reduced to a few, as rows of a network's tables."""
