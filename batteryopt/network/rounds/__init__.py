"""Rounds of collection vehicles: plans by PyVRP, bounds that need no solver's word, and a judge of their own."""
