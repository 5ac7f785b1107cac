"""Units of mass: tables are in tonnes, what is emitted and what a pack weighs in kilograms."""

KG_PER_T = 1000.0
