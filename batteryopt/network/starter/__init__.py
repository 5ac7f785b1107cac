"""A first network of a country: its cities, the packs that return there, and a chain of recycling to change."""
