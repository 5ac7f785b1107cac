"""The frontier between two objectives as the command line meets it: a result that carries a plan for every point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.family import Teller
from batteryopt.network.plan.answer import NetworkResult
from batteryopt.network.studies.frontier import Frontier, frontier

if TYPE_CHECKING:
    import pandas as pd

    from batteryopt.network.formulation.added import RuleFunction
    from batteryopt.network.plan.earlier import EarlierFacilities
    from batteryopt.network.plan.solution import Solution

MOST_POINTS = 1_000
"""Of a frontier."""


@dataclass(frozen=True, kw_only=True)
class FrontierResult(NetworkResult):
    """The plan that is best in the first objective, with all compromises beside it.

    Attributes
    ----------
    frontier
        The compromises.
    """

    frontier: Frontier

    @property
    def parts(self) -> Mapping[str, NetworkResult]:
        """Every point's plan as a result of its own, by the folder that it is saved in."""
        return {
            f"points/{number}": NetworkResult(instance=self.instance, answer=answer)
            for number, answer in enumerate(self.frontier.answers, start=1)
        }

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data, each point with the folder of its plan."""
        found = self.frontier.to_json()
        found["points"] = [
            {**point, "folder": folder} for point, folder in zip(found["points"], self.parts, strict=True)
        ]
        return {**super().to_json(), "frontier": found}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table of the first plan by name, and the frontier."""
        frame = self.frontier.to_frame()
        return {**super().tables(), "frontier": frame.assign(folder=list(self.parts))}

    @property
    def table_names(self) -> tuple[str, ...]:
        """The names of a plan's tables, and the frontier's."""
        return (*super().table_names, "frontier")


def solve_frontier(
    instance: Network,
    first: str,
    second: str,
    *,
    points: int = 7,
    time_limit: float | None = None,
    gap: float | None = None,
    gap_money: float | None = None,
    threads: int | None = None,
    scenario: str | None = None,
    start: Solution | EarlierFacilities | None = None,
    solver: str | None = None,
    rules: RuleFunction | None = None,
    announce: Callable[[str], None] = lambda _: None,
    keep: Callable[[FrontierResult], None] = lambda _: None,
) -> FrontierResult:
    """Return compromises between two objectives, all where there are no more than points asked for.

    Parameters
    ----------
    gap, gap_money
        As in `batteryopt.network.studies.frontier.frontier`.
    time_limit
        Seconds for all points together.
    scenario
        The future that is planned for, where the network has several.
    start
        As in `batteryopt.network.studies.frontier.frontier`.
    solver, rules
        As in `batteryopt.network.solve.solve`.
    keep
        Given the result so far after every point, for saving; the last one is returned, and not given.

    Raises
    ------
    InvalidInput
        If the objectives are unknown or the same, or if there are fewer than two points.
    """
    kinds = _kinds(first, second, points, gap_money)
    if scenario is not None:
        instance = instance.in_scenario(scenario)
    announce("building the model")
    teller = Teller(announce)

    def tell_point(number: int, what: str) -> None:
        teller.begin(f"point {number} of {points}, {what}: ")

    found = frontier(
        instance,
        *kinds,
        points=points,
        gap=gap,
        gap_money=gap_money,
        total_time_limit=time_limit,
        threads=threads,
        start=start,
        solver=solver,
        rules=rules,
        on_point=tell_point,
        on_found=lambda so_far: keep(_as_result(instance, so_far)),
        on_progress=teller.tell,
    )
    return _as_result(instance, found)


def _as_result(instance: Network, found: Frontier) -> FrontierResult:
    answer = found.answers[0] if found.answers else found.failed
    assert answer is not None
    return FrontierResult(instance=instance, answer=answer, frontier=found)


def _kinds(first: str, second: str, points: int, gap_money: float | None) -> tuple[Objective, Objective]:
    names = [kind.value for kind in Objective]
    faults = [
        Fault(place="--between", problem=f"'{name}' is no objective", remedy=nearest(name, names))
        for name in dict.fromkeys((first, second))
        if name not in names
    ]
    if first == second:
        faults.append(Fault(place="--between", problem=f"'{first}' stands there twice", remedy="give two objectives"))
    if points < 2:
        faults.append(Fault(place="--points", problem=f"is {points}", remedy="expected at least 2, the two ends"))
    if points > MOST_POINTS:
        faults.append(Fault(place="--points", problem=f"is {points}", remedy=f"expected at most {MOST_POINTS:,}"))
    if gap_money is not None and Objective.COST not in (first, second):
        remedy = "use --gap, or have cost as one of the two"
        faults.append(Fault(place="--gap-money", problem="is an amount of money, and neither is cost", remedy=remedy))
    if faults:
        raise InvalidInput("command line", faults)
    return Objective(first), Objective(second)
