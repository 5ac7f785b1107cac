"""Questions that take several plans: frontiers, and what is in the way of any plan."""
