"""What a network is: sites, flows, facilities, rules, distances, and what can be wrong in them."""
