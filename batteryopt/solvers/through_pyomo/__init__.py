"""Every solver that Pyomo finds on this machine."""
