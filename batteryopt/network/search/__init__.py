"""Finding plans and bounds of large instances: the relaxation with its cuts, dives, and searches around a plan."""
