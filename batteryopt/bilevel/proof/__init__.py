"""What can be proven of followers before anything is solved: convexity, qualification, limits of multipliers."""
