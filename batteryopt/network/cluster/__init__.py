"""Futures on a cluster: progressive hedging with bounds by mpi-sppy, over the Pyomo models of the futures."""
