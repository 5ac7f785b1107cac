"""The coordination game of manufacturer, retailer and echelon-utilisation enterprise."""
