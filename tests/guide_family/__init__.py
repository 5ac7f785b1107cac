"""A family as the guide "add a family" says, as small as one can be: a seller who knows his demand ``a - p``."""
