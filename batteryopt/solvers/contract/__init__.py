"""What every solver adapter offers and keeps to: options, reports, claims, interrupts, the register."""
