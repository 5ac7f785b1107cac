"""Makes `china`, `china-capitals`, `china-province` and `sichuan`: ``python -m china_build`` in ``data/networks``."""
