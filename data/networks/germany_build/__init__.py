"""Makes the network `germany`: ``python -m germany_build`` in ``data/networks`` (needs the extra `places`)."""
