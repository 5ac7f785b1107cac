"""The numerical route: collocation in Pyomo, grid after grid."""
