"""Long work in numbered parts: in this process, in several, or on many machines, noted so that it can go on."""
