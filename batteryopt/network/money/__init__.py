"""Whose money a plan moves: cash by year, parties, profit a tonne, prices at which it breaks even. Of tables alone."""
