"""What is claimed of an answer, tried on the followers' own problems."""
