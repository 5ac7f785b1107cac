"""The exact route: equilibria by formula."""
