"""Changes that must not change the least cost of a random network, or must change it in a known way."""

from __future__ import annotations

import pytest

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import InvalidNetwork, Network
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.solve import solve
from tests.network import changes
from tests.network.random_networks import random_network

TOLERANCE = 1e-6
"""Of two least costs, relative to the money that moves."""

SEEDS = range(1, 7)
MANY = range(7, 207)


def _drawn(seed: int) -> Network | None:
    try:
        return random_network(seed)
    except InvalidNetwork:
        return None


def _best(network: Network, *, is_tight: bool = True) -> NetworkAnswer:
    return solve(network, gap=0.0, threads=1, is_tight=is_tight)


def _compare(one: NetworkAnswer, other: NetworkAnswer, factor: float = 1.0) -> None:
    """Assert that the second answer is the first in other units, or that neither has a plan."""
    assert one.run.stop_reason is other.run.stop_reason
    if one.run.stop_reason is StopReason.CONVERGED:
        assert one.solution is not None
        assert one.objective is not None
        assert other.objective is not None
        size = changes.gross(one.solution.cost_terms)
        assert other.objective / factor == pytest.approx(one.objective, abs=TOLERANCE * size)
        assert other.certificate.passed


def _unchanged(seed: int) -> None:
    """A network told in other words: every change whose least cost is known, one after the other."""
    network = _drawn(seed)
    if network is None:
        return
    base = _best(network)
    _compare(base, _best(network, is_tight=False))
    _compare(base, _best(changes.permuted(network)))
    roomier = changes.with_a_useless_site(network)
    if roomier is not None:
        _compare(base, _best(roomier))
    wider = _best(changes.loosened(network))
    if base.solution is not None and base.objective is not None:
        assert wider.objective is not None
        size = changes.gross(base.solution.cost_terms)
        assert wider.objective <= base.objective + TOLERANCE * size


@pytest.mark.parametrize("seed", SEEDS)
def test_told_in_other_words(seed):
    _unchanged(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
def test_many_told_in_other_words(seed):
    _unchanged(seed)


@pytest.mark.parametrize(("money", "mass"), [(1024.0, 1.0), (1 / 1024, 1.0), (1.0, 1024.0), (1.0, 1 / 1024)])
@pytest.mark.parametrize("seed", [2, 5])
def test_in_other_units(seed, money, mass):
    network = _drawn(seed)
    assert network is not None
    _compare(_best(network), _best(changes.scaled(network, money=money, mass=mass)), money)


@pytest.mark.slow
@pytest.mark.parametrize(("money", "mass"), [(1e-7, 1.0), (1e7, 1.0), (1.0, 1e-6), (1.0, 1e7), (1e6, 1e-4)])
@pytest.mark.parametrize("seed", range(9, 40))
def test_in_tiny_and_large_units(seed, money, mass):
    network = _drawn(seed)
    if network is not None:
        _compare(_best(network), _best(changes.scaled(network, money=money, mass=mass)), money)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_zone_may_be_told_as_two(seed):
    network = _drawn(seed)
    assert network is not None
    one, two = changes.with_a_zone_in_two(network)
    _compare(_best(one), _best(two))


@pytest.mark.parametrize("seed", range(1, 6))
def test_periods_without_a_link_stand_alone(seed):
    """Where nothing is opened or stored, each period's least cost, discounted, is its share of the whole."""
    network = _drawn(seed)
    assert network is not None
    still = changes.standing_still(network)
    whole, parts = _best(still), [_best(changes.only(still, t)) for t in range(len(still.periods))]
    assert (whole.objective is None) == any(part.objective is None for part in parts)
    if whole.solution is not None and whole.objective is not None:
        costs = [part.objective for part in parts if part.objective is not None]
        expected = sum(cost * factor for cost, factor in zip(costs, still.discount_factors, strict=True))
        assert whole.objective == pytest.approx(expected, abs=TOLERANCE * changes.gross(whole.solution.cost_terms))
