"""Paths over time: grids, quadrature, polynomials between nodes."""
