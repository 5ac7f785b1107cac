"""A plan and what it costs, emits and misses, recomputed from its tables and the instance alone."""
