"""The game's data, what can be wrong in it, and where instances come from."""
