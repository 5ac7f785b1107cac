"""From a Pyomo model to what solvers read: components, matrices, derivatives."""
