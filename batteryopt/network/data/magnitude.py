"""How large a network is: the tonne that its numbers are judged in, whatever units its tables have.

Tolerances are absolute to a solver, and a judge needs a floor below which nothing counts. Both are meant for tonnes of
which a network has some ten to some ten million; where it has far fewer or far more, its own tonne stands for one.
"""

from __future__ import annotations

import math

import numpy as np

from batteryopt.network.data.instance import Network

FEWEST_T, MOST_T = 2.0**3, 2.0**24
"""A network that handles so many tonnes in its busiest period is reckoned in tonnes as they are.

Below, a solver's 1e-6 t would be more than 1e-7 of all there is; above, less than a double has digits for."""


def own_tonne(network: Network) -> float:
    """Return the tonnes, a power of two, that are to this network what one is to others; 1 for nearly all.

    It brings what returns and lies in stock in the busiest period between `FEWEST_T` and `MOST_T`.
    """
    returned = [np.abs(network.profile(row.tonnes)) for row in network.returns]
    stored = sum(store.initial_t for type_ in network.types for store in type_.storage)
    most = float(np.max(np.sum(returned, axis=0))) + stored if returned else stored
    if most <= 0 or FEWEST_T <= most <= MOST_T:
        return 1.0
    return power_of_two(most / (FEWEST_T if most < FEWEST_T else MOST_T))


def beyond_any_load(network: Network) -> float:
    """Return tonnes that stand for a load that nothing bounds: 1e9 in the network's own tonne, never less than 1e9 t.

    In its own tonne a network has at most some ten million in a period. An amount in plain tonnes would be a limit to
    a network that is reckoned in grams, and its plan called optimal within it.
    """
    return 1e9 * max(1.0, own_tonne(network))


def power_of_two(value: float) -> float:
    """Return the power of two nearest to a number above 0: to divide by it rounds nothing."""
    return float(2.0 ** round(math.log2(value)))
