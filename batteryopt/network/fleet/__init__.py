"""Packs that return, from vehicles that were registered: survival of battery and car, by place and year."""
