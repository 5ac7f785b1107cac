"""Models in units in which their numbers are near 1, and back."""
