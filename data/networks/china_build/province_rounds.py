"""Adds rounds of lorries to `china-province`, as a network beside it: ``python -m china_build.province_rounds``.

It reads the province's tables and not the code that made them, so that it is made anew with one command whenever those
are. Lorries fetch packs where they fall, on the roads of the mode `road`, and bring them to an outlet in another city.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from figure_register import Register

from batteryopt.ground.files import write_atomically
from batteryopt.network.data.instance import Mode, Network
from batteryopt.network.tables import read, write
from batteryopt.network.tables.distance_matrices import matrix_bytes

FOLDER = Path(__file__).parents[1]
FROM, TO = FOLDER / "china-province", FOLDER / "china-province-rounds"
ROUND, LIKE = "round", "road"


ROUNDS = Register()
_assumed = ROUNDS.assumed
LOAD = _assumed("rounds: load of a lorry", 15, "t", "three axles, 26 t in all, for dangerous goods of class 9")
BOXES = _assumed("rounds: boxes on a lorry", 42, "boxes", "21 pallets, two high; a box holds a pack")
BOXES_PER_T = ROUNDS.derived("rounds: boxes for packs", 2.8, "boxes/t", "packs.csv: an LFP pack has up to 357 kg")
SHIFT = _assumed("rounds: shift", 12, "h", "two drivers in turns, who count as escort too")
SPEED = _assumed("rounds: speed", 60, "km/h", "motorways and mountains, the pauses of drivers included")
STOP = _assumed("rounds: stop", 45, "minutes", "papers, and boxes loaded by a forklift")
DAY = _assumed("rounds: lorry and drivers", 2_400, "CNY/shift", "lorry and insurance 1,000, drivers 700 each")
KM = _assumed("rounds: drive", 5.5, "CNY/km", "diesel 2.4, toll 2.2, tyres and repairs 0.9")
KG_PER_KM = _assumed("rounds: emission", 0.9, "kg CO2e/km", "34 l of diesel for 100 km")
VISITS = _assumed("rounds: visits of a city", 26, "a year", "every two weeks: dealers may keep packs for 90 days")


def with_rounds(network: Network) -> Network:
    """Return a network whose packs may come by rounds of lorries, beside all modes that it has."""
    packs = tuple(dict.fromkeys(row.product for row in network.returns))
    lorry = Mode(
        name=ROUND,
        products=packs,
        distance=next(mode.distance for mode in network.modes if mode.name == LIKE),
        trip_capacity_t=LOAD,
        vehicle_slots=BOXES,
        visits_per_period=VISITS,
        shift_hours=SHIFT,
        speed_km_per_hour=SPEED,
        stop_minutes=STOP,
        cost_per_trip=DAY,
        cost_per_trip_km=KM,
        emission_kg_per_trip_km=KG_PER_KM,
    )
    products = tuple(
        replace(product, slots_per_t=BOXES_PER_T) if product.name in packs else product for product in network.products
    )
    return network.replace(name=f"{network.name}, with rounds", modes=(*network.modes, lorry), products=products)


def main() -> None:
    """Write the network, with where its figures come from."""
    network = with_rounds(read(FROM))
    for old in (*TO.glob("*.csv"), *TO.glob("*.npz")):  # a table that the province has no more
        old.unlink()
    write(network, TO)
    names = [site.name for site in network.sites]
    for key, km in network.distances.items():
        write_atomically(TO / f"{key}.npz", matrix_bytes(names, np.asarray(km, dtype=np.float32)))
    shutil.copy(FROM / "provenance.csv", TO / "provenance.csv")
    with (TO / "provenance.csv").open("a", encoding="utf-8") as file:
        file.write(ROUNDS.csv().partition("\n")[2])
    print(f"{len(network.sites)} sites, in {TO}")


if __name__ == "__main__":
    main()
