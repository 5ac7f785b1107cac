"""Writes the three networks beside this folder, each with where its figures come from."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from batteryopt.ground.files import write_atomically
from batteryopt.network.tables import write
from batteryopt.network.tables.distance_matrices import matrix_bytes
from china_build.figures import REGISTER
from china_build.networks import capitals, china, province

NETWORKS = {"china": china, "china-capitals": capitals, "china-province": province}


def main() -> None:
    """Write the networks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).parents[1], help="folder of the networks")
    parser.add_argument("names", nargs="*", help="which (all without)", choices=[*NETWORKS, []])
    arguments = parser.parse_args()
    for name in arguments.names or NETWORKS:
        network = NETWORKS[name]()
        folder = arguments.into / name
        write(network, folder)
        names = [site.name for site in network.sites]
        for key, km in network.distances.items():  # whole kilometres: half the bytes lose nothing
            write_atomically(folder / f"{key}.npz", matrix_bytes(names, np.asarray(km, dtype=np.float32)))
        write_atomically(folder / "provenance.csv", REGISTER.csv())
        print(f"{name}: {len(network.sites)} sites, {len(network.candidates)} candidates, in {folder}")


if __name__ == "__main__":
    main()
