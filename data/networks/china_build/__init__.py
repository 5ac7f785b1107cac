"""Makes `china`, `china-capitals` and `china-province`: ``python -m china_build`` in ``data/networks``."""
