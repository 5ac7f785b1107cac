"""The Stackelberg engine: followers as Pyomo blocks, their KKT conditions, and what can be proven of the answer."""
