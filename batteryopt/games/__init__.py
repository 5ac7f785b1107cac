"""The two games and what they share."""
