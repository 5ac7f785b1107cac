"""Plans for the worst that a budget of deviating returns allows."""
