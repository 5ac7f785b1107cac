"""Places by name: where they are and how many live there, from a gazetteer that works without a network."""
