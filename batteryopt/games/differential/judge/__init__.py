"""What judges an answer, knowing neither formula nor model."""
