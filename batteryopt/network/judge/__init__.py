"""What judges a plan, knowing no model."""
