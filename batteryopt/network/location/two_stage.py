"""Location of two stages (Fernandes et al., Computers & Industrial Engineering 75, 2014) as a network, turned round.

There goods run from plants through satellites to customers; here what customers return runs to satellites and plants,
at the same costs: the same problem.
"""

from __future__ import annotations

import os
from pathlib import Path

from batteryopt.network.data.instance import Network
from batteryopt.network.location.numbers import names, numbers_of
from batteryopt.network.location.stages import Echelon, network_of


def read_two_stage(path: str | os.PathLike[str]) -> Network:
    """Return a file of the `PSC` series as a network.

    The file says the numbers of plants, satellites and customers; each customer's demand; each plant's capacity and
    opening cost; costs a unit from plants (rows) to satellites; the same of satellites, and to customers.

    Raises
    ------
    InvalidInput
        If the file is not of this kind.
    """
    numbers = numbers_of(path)
    plants, satellites, customers = numbers.counts(3)
    demand = numbers.take(customers)
    plant_figures = numbers.take(plants, 2)
    to_satellites = numbers.take(plants, satellites)
    satellite_figures = numbers.take(satellites, 2)
    to_customers = numbers.take(satellites, customers)
    numbers.end()
    first = Echelon(
        type="satellite",
        product="goods",
        sites=names("satellite", satellites),
        capacity=satellite_figures[:, 0],
        opening_cost=satellite_figures[:, 1],
        unit_costs=to_customers.T,
    )
    second = Echelon(
        type="plant",
        product="gathered",
        sites=names("plant", plants),
        capacity=plant_figures[:, 0],
        opening_cost=plant_figures[:, 1],
        unit_costs=to_satellites.T,
    )
    return network_of(
        Path(path).stem,
        f"Fernandes et al. 2014, {Path(path).name}",
        names("customer", customers),
        demand,
        [first, second],
    )
