"""The exact route: formulas of the two-vehicle game, matrix equations of the general one."""
