"""The model is no narrower than the check: a legal plan is a point of it, at its price, and the optimum no dearer."""

from __future__ import annotations

import dataclasses
import importlib

import numpy as np
import pytest

from batteryopt.network.check import check
from batteryopt.network.instance import InvalidNetwork, Network
from batteryopt.network.model.reach import Reach, make_reach
from batteryopt.network.objective import Objective
from batteryopt.network.solve import solve
from tests.network.everything import everything
from tests.network.neighbours import a_good_plan, at_home_in, neighbours, value_in_the_model

random_networks = pytest.importorskip("tests.network.random_networks")

QUICK = range(0, 6)
SLOW = range(1000, 1200)


def size_of(plan) -> float:
    return max(1.0, sum(map(abs, plan.cost_terms.values())))


def plans_near(network: Network, chosen: slice):
    """Yield legal plans of a network that are not its best, with where they come from; of some neighbours or of all."""
    others = [(name, other, Objective.COST) for name, other in neighbours(network)]
    kinds = (Objective.EMISSIONS, Objective.RISK, Objective.COLLECTION)
    for name, other, kind in [*others, *((kind.value, network, kind) for kind in kinds)][chosen]:
        found = a_good_plan(other, kind)
        if found is not None and check(at_home_in(found, network)).passed:
            yield name, at_home_in(found, network)


def faults_of(network: Network, chosen: slice = slice(None)) -> list[str]:
    """Return what is wrong with the optimum of a network, as far as its neighbours can tell."""
    best = solve(network, gap=0.0, threads=1)
    if best.run.stop_reason.value == "unbounded":
        return []
    faults = []
    for name, plan in plans_near(network, chosen):
        size = size_of(plan)
        value, problem = value_in_the_model(plan)
        if problem:
            faults.append(f"{name}: {problem}")
        elif abs(value - plan.net_present_cost) > 1e-5 * size:
            faults.append(f"{name}: the ledger says {plan.net_present_cost:.9g}, the model {value:.9g}")
        if best.objective is None:
            faults.append(f"{name}: there is a legal plan, and the answer is {best.run.stop_reason}")
        elif best.run.bound > plan.net_present_cost + 1e-6 * size:
            faults.append(f"{name}: costs {plan.net_present_cost:.9g}, less than the bound {best.run.bound:.9g}")
    return faults


@pytest.mark.parametrize("seed", QUICK)
def test_no_legal_plan_is_beyond_the_model(seed):
    """A few neighbours of each network, others of another one."""
    assert faults_of(drawn(seed), slice(seed % 5, None, 5)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_no_legal_plan_is_beyond_the_model_in_many_networks(seed):
    assert faults_of(drawn(seed)) == []


@pytest.mark.slow
def test_no_legal_plan_of_everything_is_beyond_the_model():
    assert faults_of(everything()) == []


def drawn(seed: int) -> Network:
    try:
        return random_networks.random_network(seed)
    except InvalidNetwork:
        pytest.skip("what was drawn does not go together")


# ---- widening ------------------------------------------------------------------------------------------------------

WIDER = ("missing_at_market", "short_of_collection", "short_of_coverage", "short_of_limit", "at_level")
"""Families whose upper bounds follow from rows."""


def widened(sets) -> Reach:
    """Return mass bounds that are three times as wide and 100 t, wherever something could ever be."""
    reach = make_reach(sets)

    def wide(masses):
        return 3.0 * masses + 100.0

    limits = np.array([np.inf if row.limit_t is None else row.limit_t for row in sets.stores]).reshape(-1, 1)
    return dataclasses.replace(
        reach,
        own=wide(reach.own),
        available=wide(reach.available),
        intake=wide(reach.intake),
        processed=wide(reach.processed),
        came_back=3.0 * reach.came_back,
        stock=np.minimum(wide(reach.stock), limits),
    )


def loosest_optimum(network: Network, monkeypatch) -> float | None:
    """Return the optimum with all mass bounds widened, no cuts, and auxiliaries as wide as their rows let them be."""
    building = importlib.import_module("batteryopt.network.model.build")
    build = building.build

    def loose(network: Network, *, is_tight: bool = True):
        m = build(network, is_tight=False)
        for name in WIDER:
            if name in m.families:
                m.families[name] = dataclasses.replace(m.families[name], upper=np.full(len(m.families[name]), np.inf))
        return m

    with monkeypatch.context() as patch:
        patch.setattr(building, "make_reach", widened)
        patch.setattr("batteryopt.network.solve.build", loose)
        return solve(network, gap=0.0, threads=1).objective


def widening_fault(network: Network, monkeypatch) -> str | None:
    best = solve(network, gap=0.0, threads=1)
    loosest = loosest_optimum(network, monkeypatch)
    if best.objective is None or loosest is None:
        return None if best.objective == loosest else f"{best.objective} with bounds, {loosest} without"
    is_same = abs(best.objective - loosest) <= 1e-6 * size_of(best.solution)
    return None if is_same else f"{best.objective:.9g} with bounds, {loosest:.9g} without"


@pytest.mark.parametrize("seed", QUICK)
def test_bounds_and_cuts_cut_no_optimum_off(seed, monkeypatch):
    assert widening_fault(drawn(seed), monkeypatch) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_bounds_and_cuts_cut_no_optimum_off_in_many_networks(seed, monkeypatch):
    assert widening_fault(drawn(seed), monkeypatch) is None
