"""Small recycling networks of this package's own model: every choice of plants is a linear program, proven by a basis.

Packs return at a few places; some of the candidates become plants that make black mass of them; what is not collected
costs. Tonnes, kilometres and money are whole numbers. There are so few candidates that all choices of open plants can
be gone through, each with its optimum proven in rationals, or the proof that it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from batteryopt import network
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_plans import truth_of_small_program
from batteryopt.network.data.instance import Network

SIZES = ((3, 2), (5, 3), (6, 4))
"""Places where packs return, and candidates for plants."""
QUICK = SIZES[:1]


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield networks of several sizes."""
    for places, candidates in QUICK if quick else SIZES:
        yield AccuracyProblem(
            family="recycling-network",
            name=f"recycling-{places}x{candidates}-{seed}",
            variant="plants",
            size=places * candidates,
            build=partial(build, places, candidates, seed),
            find_truth=partial(_truth, places, candidates, seed),
        )


def random_recycling(places: int, candidates: int, seed: int) -> Network:
    """Return a network of one period: packs at the first places, plants at some of the next, one market."""
    rng = np.random.default_rng([seed, places, candidates])
    sources, plants = [f"S{k}" for k in range(places)], [f"P{k}" for k in range(candidates)]
    sites = [*sources, *plants, "M"]
    tonnes = rng.integers(20, 120, places)
    capacity = int(tonnes.sum()) // max(1, candidates - 1) + 5
    kilometres = np.triu(rng.integers(10, 300, (len(sites), len(sites))), 1)
    recipe = [("plant", "shred", "pack", 1.0, np.nan), ("plant", "shred", "mass", np.nan, 0.5)]
    levels = {"type": ["plant"], "level": ["one"], "capacity_t": [capacity], "opening_cost": [rng.integers(2000, 9000)]}
    frames = {
        "sites": pd.DataFrame({"site": sites}),
        "products": pd.DataFrame({"product": ["pack", "mass"], "uncollected_cost_per_t": [150.0, np.nan]}),
        "returns": pd.DataFrame({"site": sources, "product": "pack", "tonnes": tonnes}),
        "types": pd.DataFrame({"type": ["plant"]}),
        "recipes": pd.DataFrame({"type": ["plant"], "recipe": ["shred"]}),
        "recipe_products": pd.DataFrame(recipe, columns=["type", "recipe", "product", "input_t", "output_t"]),
        "levels": pd.DataFrame(levels | {"fixed_cost": [500], "variable_cost_per_t": [7]}),
        "candidates": pd.DataFrame({"site": plants, "type": "plant"}),
        "markets": pd.DataFrame({"site": ["M"], "product": ["mass"], "price_per_t": [120]}),
        "modes": pd.DataFrame({"mode": ["lorry"], "distance": ["road"], "cost_per_t_km": [0.25]}),
    }
    road = pd.DataFrame(kilometres + kilometres.T, index=sites, columns=sites)
    return Network.from_frames(frames, distances={"road": road}, name="small", currency="EUR", periods=["1"])


def build(places: int, candidates: int, seed: int) -> Any:
    """Return the package's own model of the network, without the cuts that divide by tonnes.

    In doubles, ``1/216`` of 216 t is not 1: such a cut, which only helps a search, denies to 1e-17 that all may be left
    uncollected, and the exact truth would be about that.
    """
    model = network.model(random_recycling(places, candidates, seed))
    model.whole_sizes_cover_the_need.deactivate()
    return model


def _truth(places: int, candidates: int, seed: int) -> Truth:
    return truth_of_small_program(build(places, candidates, seed))
