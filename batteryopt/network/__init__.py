"""The recycling network: where facilities stand, how large and when, which way batteries travel, at what cost."""
