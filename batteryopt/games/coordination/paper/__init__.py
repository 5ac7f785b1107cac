"""What the paper prints, beside what its model gives."""
