"""Both routes on one network: statuses, optima, and each plan judged by the other side's formulas."""

from __future__ import annotations

from dataclasses import dataclass

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import InvalidNetwork, Network
from batteryopt.network.judge.check import check
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.solution import Solution
from batteryopt.network.solve import solve
from tests.network.random_networks import random_network
from tests.network.second_route.program import Outcome
from tests.network.second_route.route import SecondRoute

MONEY = 1e-6
"""Largest difference of two sums of money, relative to the sum of the terms' sizes (at least 1)."""

NO_PLAN = {StopReason.INFEASIBLE, StopReason.INFEASIBLE_OR_UNBOUNDED}
NO_BOTTOM = {StopReason.UNBOUNDED, StopReason.INFEASIBLE_OR_UNBOUNDED}


@dataclass(frozen=True)
class Comparison:
    """What was found: "refused", "same optimum", "no plan", "no bottom", or "different", and then why."""

    verdict: str
    faults: tuple[str, ...] = ()


def compared(seed: int) -> Comparison:
    """Compare both routes on the random network of a seed."""
    try:
        network = random_network(seed)
    except InvalidNetwork:
        return Comparison("refused")
    return compare(network)


def compare(network: Network) -> Comparison:
    """Compare both routes on a network."""
    route = SecondRoute(network)
    mine, theirs = route.solve(), solve(network, gap=0.0, threads=1)
    if _is_beaten(route, mine, theirs):
        mine = route.flows.program.by_scipy(route.cost)
    reason = theirs.run.stop_reason
    if mine.status in NO_PLAN and reason in NO_PLAN:
        return Comparison("no plan")
    if mine.status in NO_BOTTOM and reason in NO_BOTTOM:
        return Comparison("no bottom")
    if mine.status is not StopReason.CONVERGED or reason is not StopReason.CONVERGED:
        return Comparison(
            "different", (f"second route {mine.status} {mine.value:.9g}, model {reason}", *_why(route, mine))
        )
    faults = [*_optima(route, mine, theirs), *_their_plan(route, theirs), *_my_plan(route, mine)]
    return Comparison("different" if faults else "same optimum", tuple(faults))


def _is_beaten(route: SecondRoute, mine: Outcome, theirs: NetworkAnswer) -> bool:
    """Return whether the package's plan is good by the rows and sums here, and better: then the solver here erred."""
    if theirs.solution is None or mine.status is StopReason.TIME_LIMIT:
        return False
    judgement = route.judge(theirs.solution)
    slack = MONEY * _size(judgement.terms)
    return not judgement.misses and not sum(judgement.terms.values()) >= mine.value - slack


def _why(route: SecondRoute, mine: Outcome) -> list[str]:
    return _my_plan(route, mine) if mine.status is StopReason.CONVERGED else []


def _size(terms: dict[str, float]) -> float:
    return max(1.0, sum(abs(value) for value in terms.values()))


def _optima(route: SecondRoute, mine: Outcome, theirs: NetworkAnswer) -> list[str]:
    value = theirs.objective
    size = _size(route.terms_at(mine.values))
    if value is None or abs(mine.value - value) > MONEY * size:
        return [f"optimum: second route {mine.value:.9g}, model {value}, bound {theirs.run.bound}"]
    return []


def _their_plan(route: SecondRoute, theirs: NetworkAnswer) -> list[str]:
    """Judge the package's plan by the formulas here."""
    plan = theirs.solution
    assert plan is not None
    judgement = route.judge(plan)
    faults = [f"its plan breaks here: {miss}" for miss in judgement.misses[:3]]
    faults += [f"its certificate fails: {c.name} {c.detail}" for c in theirs.certificate if not c.passed]
    return faults + [f"its plan: {fault}" for fault in _terms(plan, judgement.terms)]


def _my_plan(route: SecondRoute, mine: Outcome) -> list[str]:
    """Judge the plan found here by the package's check and ledger."""
    plan = route.plan_of(mine)
    faults = [f"the second route's plan fails the check: {c.name} {c.detail}" for c in check(plan) if not c.passed]
    return faults + [f"the second route's plan: {fault}" for fault in _terms(plan, route.terms_at(mine.values))]


def _terms(plan: Solution, terms: dict[str, float]) -> list[str]:
    size = _size(terms)
    return [
        f"{name}: ledger {value:.9g}, second route {terms[name]:.9g}"
        for name, value in plan.cost_terms.items()
        if abs(value - terms[name]) > MONEY * size
    ]
