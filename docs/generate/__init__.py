"""What the documentation site shows and nobody types: formulations, the tables of networks, notebooks, MathML."""
