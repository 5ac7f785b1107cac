"""The game's data, its assumptions, and where instances come from."""
