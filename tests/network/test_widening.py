"""The model with every bound of its own making taken away, and without its cuts, has the same least cost.

Bounds that the data state (a market's most, a store's limit, a pot) stay: they are what the plan is held to. What the
model derives, to be smaller or tighter, must not be what decides. A new family of variables has to be put in one of the
two lists here: the last test fails until it is.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from batteryopt.network.data.instance import InvalidNetwork, Network, Standing
from batteryopt.network.formulation import build
from batteryopt.network.formulation.algebra import Formulation, VariableFamily
from tests.network.changes import gross
from tests.network.everything import everything
from tests.network.optimum import least_terms
from tests.network.random_networks import random_network
from tests.network.second_route import SecondRoute

KEPT = {"is_open", "raised", "closed", "is_full", "is_covered", "trips", "uncollected"}
KEPT |= {"goes_to", "goes_to_by_mode", "stays"}
"""Yes or no, and shares of a step from 0 to 1; whole trips, and what is left of returns: bounds that say what is."""

SLACKS = {"missing_at_market", "short_of_collection", "short_of_coverage", "short_of_limit"}
SLACKS |= {"beyond_limit", "beyond_emission_cap", "beyond_budget"}
FREE_ABOVE = SLACKS | {"shipped", "processed", "at_level", "kept"}
"""Nothing but rows holds these from above."""
FREE_BELOW = {"subsidy_paid"}
"""Nothing but rows holds these from below; from above, the pot does."""

Most = Callable[[Network, tuple[str, ...]], float]


def _most_sold(network: Network, names: tuple[str, ...]) -> float:
    site, product, period = names
    rows = [m.most_t for m in network.markets if (m.site, m.product) == (site, product)]
    return _at(network, rows[0], period)


def _most_disposed(network: Network, names: tuple[str, ...]) -> float:
    site, product, *_, period = names
    ways = [way for way in network.disposals if (way.site, way.product) == (site, product)]
    places = {(c.site, c.type) for c in network.candidates if c.standing is not Standing.CLOSED}
    if len(ways) > 1 or (ways[0].type and (site, ways[0].type) not in places):
        return math.nan  # which way it is, is not in the names; and none where its facility cannot stand
    return _at(network, ways[0].most_t, period)


def _most_stored(network: Network, names: tuple[str, ...]) -> float:
    site, kind, product, period = names
    if period == network.periods[-1].name and not network.policy.final_stock_is_free:
        return 0.0
    rows = [row for row in network.types_by_name[kind].storage if row.product == product]
    (own, *_) = [row for row in rows if row.site == site] or [row for row in rows if not row.site]
    return math.inf if own.limit_t is None else own.limit_t


def _at(network: Network, value: float | tuple[float, ...] | None, period: str) -> float:
    return math.inf if value is None else float(network.profile(value)[network.period_index[period]])


STATED: dict[str, Most] = {"sold": _most_sold, "disposed": _most_disposed, "stock": _most_stored}
"""What the data state as the most of these; where that is not a number, the model's bound stays."""


def widened(network: Network) -> Formulation:
    """Return a network's model with the bounds of its own making taken away.

    A variable that is held at zero stays there: it is of something that cannot be, and has no balance of its own.
    """
    m = build(network)
    for name, family in m.families.items():
        upper, lower = family.upper.copy(), family.lower.copy()
        if name in FREE_ABOVE:
            upper[upper > 0] = math.inf
        if name in FREE_BELOW:
            lower[:] = -math.inf
        if name in STATED:
            stated = np.array([STATED[name](network, names) for names in _names(m, family)], dtype=float)
            upper = np.where(np.isnan(stated) | (upper == 0), upper, stated)
        m.families[name] = dataclasses.replace(family, upper=upper, lower=lower)
    return m


def _names(m: Formulation, family: VariableFamily) -> Iterator[tuple[str, ...]]:
    keys = family.index.keys
    for codes in zip(*(family.index[key].tolist() for key in keys), strict=True):
        yield tuple(str(m.labels[key][code]) for key, code in zip(keys, codes, strict=True))


def _compare(network: Network) -> bool:
    """Assert that both models have the same least cost; return whether there is a plan at all."""
    tight, wide = build(network), widened(network)
    cuts = [name for name, rows in wide.rows.items() if rows.is_cut]
    one, other = least_terms(tight), least_terms(wide, leave_out=cuts)
    assert (one is None) == (other is None)
    if one is None or other is None:
        return False
    assert sum(other.values()) == pytest.approx(sum(one.values()), abs=1e-6 * gross(one))
    return True


def test_everything_is_not_decided_by_bounds_of_ours():
    assert _compare(everything())


@pytest.mark.parametrize("first", range(1, 41, 10))
def test_random_networks_are_not_decided_by_bounds_of_ours(first):
    assert sum(_compare(random_network(seed)) for seed in range(first, first + 10)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(41, 541, 10))
def test_more_random_networks_are_not_decided_by_bounds_of_ours(first):
    for seed in range(first, first + 10):
        try:
            network = random_network(seed)
        except InvalidNetwork:
            continue
        _compare(network)


def test_a_bound_that_decides_is_found():
    """The test can fail: a slack that is held down by less than can be missing changes the least cost."""
    network = next(n for n in map(random_network, range(1, 200)) if _misses_something(n))
    narrow = build(network)
    for name in SLACKS & narrow.families.keys():
        family = narrow.families[name]
        narrow.families[name] = dataclasses.replace(family, upper=np.zeros(len(family)))
    best, held = least_terms(build(network)), least_terms(narrow)
    assert best is not None
    assert held is None or sum(held.values()) > sum(best.values()) + 1e-3


def _misses_something(network: Network) -> bool:
    route = SecondRoute(network)
    outcome = route.solve()
    return bool(outcome.values) and route.terms_at(outcome.values)["penalties"] > 1


def test_every_family_is_in_a_list():
    named = KEPT | FREE_ABOVE | FREE_BELOW | STATED.keys()
    for network in (everything(), *map(random_network, range(1, 40))):
        assert build(network).families.keys() <= named
