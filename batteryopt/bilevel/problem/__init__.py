"""The mathematical problem that a user's model states: leader, followers, one normal form."""
