"""One plan for all futures: what opens is decided once, and the rest in each future with hindsight."""
