"""Writes the network beside this folder, with where its figures come from."""

from __future__ import annotations

import argparse
from pathlib import Path

from batteryopt.ground.files import write_atomically
from batteryopt.network.tables import write
from germany_build.figures import REGISTER
from germany_build.network import germany


def main() -> None:
    """Write the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).parents[1], help="folder of the networks")
    folder = parser.parse_args().into / "germany"
    network = germany()
    write(network, folder)
    write_atomically(folder / "provenance.csv", REGISTER.csv())
    print(f"{network!r}, in {folder}")


if __name__ == "__main__":
    main()
