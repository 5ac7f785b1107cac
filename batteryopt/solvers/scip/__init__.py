"""SCIP: anything factorable, to a proven global bound."""
