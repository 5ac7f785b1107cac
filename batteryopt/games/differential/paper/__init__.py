"""What the paper prints and states, beside what its model gives."""
