"""The model is no narrower than the check: a legal plan is a point of it, at its price, and the optimum no dearer."""

from __future__ import annotations

import pytest

from batteryopt.network.data.instance import InvalidNetwork, Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.judge.check import check
from batteryopt.network.solve import solve
from tests.network import random_networks
from tests.network.everything import everything
from tests.network.neighbours import a_good_plan, at_home_in, neighbours, value_in_the_model

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
