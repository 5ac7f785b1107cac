"""Optimisation models of electric-vehicle batteries at the end of their life."""
