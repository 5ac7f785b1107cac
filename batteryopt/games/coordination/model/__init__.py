"""The numerical route: the game in Pyomo."""
