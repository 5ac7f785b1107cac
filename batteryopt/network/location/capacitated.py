"""OR-Library's capacitated location (J. E. Beasley, European Journal of Operational Research 65, 1993) as a network."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from batteryopt.network.data.instance import Network
from batteryopt.network.location.numbers import Floats, names, numbers_of, refused
from batteryopt.network.location.stages import Echelon, network_of


def read_capacitated(path: str | os.PathLike[str], *, capacity: float | None = None) -> Network:
    """Return a file of OR-Library's `cap` series as a network.

    The file says the numbers of sites and of zones; capacity and opening cost of each site; of each zone its demand,
    and for each site what serving *all* of that demand from there costs.

    Parameters
    ----------
    capacity
        Of every site, instead of those in the file or of the word `capacity` that stands there: `capa`, `capb` and
        `capc` stand for four problems each.

    Raises
    ------
    InvalidInput
        If the file is not of this kind.
    """
    numbers = numbers_of(path, given=None if capacity is None else {"capacity": capacity})
    sites, zones = numbers.counts(2)
    figures = numbers.take(sites, 2)
    by_zone = numbers.take(zones, 1 + sites)
    numbers.end()
    demand, whole = by_zone[:, 0], by_zone[:, 1:]
    stage = Echelon(
        type="depot",
        products=["goods"],
        sites=names("site", sites),
        capacity=np.full(sites, capacity) if capacity is not None else figures[:, 0],
        opening_cost=figures[:, 1],
        unit_costs=_unit_costs(str(path), demand, whole),
    )
    name = Path(path).stem if capacity is None else f"{Path(path).stem}-{capacity:g}"
    return network_of(name, f"OR-Library, {Path(path).name}", names("zone", zones), demand, [stage])


def _unit_costs(path: str, demand: Floats, whole: Floats) -> Floats:
    """Return costs a unit; a zone without demand costs nothing wherever it is served from."""
    if (whole[demand == 0] > 0).any():
        raise refused(path, "has a zone without demand that costs something", "expected a demand above 0, or no cost")
    return whole / np.where(demand > 0, demand, 1.0)[:, None]
