"""Adapters to the open-source solvers: HiGHS, Ipopt, SCIP and, where installed, POUNCE."""
