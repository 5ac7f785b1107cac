"""The differential game of the vehicle supply chain under credit trading and green innovation."""
