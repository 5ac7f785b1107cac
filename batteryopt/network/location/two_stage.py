"""Location of two stages as a network, turned round.

With one product: P. Fernandes and others, Computers & Industrial Engineering 75, 2014. With several, of which every
site has a capacity each behind one opening cost: G. Mauri and others, International Transactions in Operational
Research 28, 2021. There goods run from plants through satellites to customers; here what customers return runs to
satellites and plants, at the same costs: the same problem.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from batteryopt.network.data.instance import Network
from batteryopt.network.location.numbers import Numbers, names, numbers_of
from batteryopt.network.location.stages import Echelon, network_of

SOURCES = "Fernandes et al. 2014", "Mauri et al. 2021"
"""Of files with one product, and with several."""


def read_two_stage(path: str | os.PathLike[str]) -> Network:
    """Return a file of the `PSC` series as a network.

    The file says the numbers of plants, satellites and customers, and of products where there are several; each
    customer's demands; each plant's capacities and opening cost; costs a unit from plants (rows) to satellites, product
    by product; the same of satellites, and to customers.

    Raises
    ------
    InvalidInput
        If the file is not of this kind.
    """
    numbers = numbers_of(path)
    plants, satellites, customers = numbers.counts(3)
    products = numbers.counts(1)[0] if _has_several(numbers, plants, satellites, customers) else 1
    demand = numbers.take(customers, products)
    plant_figures = numbers.take(plants, products + 1)
    to_satellites = numbers.take(products, plants, satellites)
    satellite_figures = numbers.take(satellites, products + 1)
    to_customers = numbers.take(products, satellites, customers)
    numbers.end()
    first = Echelon(
        type="satellite",
        products=_goods("goods", products),
        sites=names("satellite", satellites),
        capacity=satellite_figures[:, :products],
        opening_cost=satellite_figures[:, products],
        unit_costs=np.swapaxes(to_customers, 1, 2),
    )
    second = Echelon(
        type="plant",
        products=_goods("gathered", products),
        sites=names("plant", plants),
        capacity=plant_figures[:, :products],
        opening_cost=plant_figures[:, products],
        unit_costs=np.swapaxes(to_satellites, 1, 2),
    )
    return network_of(
        Path(path).stem,
        f"{SOURCES[products > 1]}, {Path(path).name}",
        names("customer", customers),
        demand,
        [first, second],
    )


def _has_several(numbers: Numbers, plants: int, satellites: int, customers: int) -> bool:
    """Return whether a file says how many products there are: it is too long, or too short, for one otherwise."""
    left = len(numbers.values) - numbers.taken
    of_one = customers + 2 * plants + plants * satellites + 2 * satellites + satellites * customers
    if left == of_one or not left:
        return False
    products = float(numbers.values[numbers.taken])
    return left == 1 + of_one * products - (plants + satellites) * (products - 1)


def _goods(word: str, products: int) -> list[str]:
    return [word] if products == 1 else names(word, products)
