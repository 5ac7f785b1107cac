"""The rounds of a plan, planned: tables, figures, what they cost beside what was expected, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.data.instance import Network
from batteryopt.network.rounds.round_problem import RoundPlan, VehicleRound
from batteryopt.network.rounds.round_tasks import RoundTask
from batteryopt.network.rounds.rounds_judge import judge_rounds

COLUMNS = (
    *("period", "depot", "vehicle", "stop", "place", "arrival", "tonnes", "mode", "day", "visits", "slots", "km"),
)
"""Of ``rounds.csv``: arrival is in hours after leaving the depot, km from the stop before; the last stop is home."""
FIGURES = ("rounds", "km", "hours", "tonnes", "emissions_t", "expected", "cost", "bound", "there_and_back")
"""Sums over tasks, each for a whole period; money undiscounted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedTask:
    """A task with its rounds, and what they cost at least (one visit)."""

    task: RoundTask
    plan: RoundPlan
    bound: float
    rests_on: str

    @property
    def cost(self) -> float:
        """What the rounds cost in the period."""
        return self.plan.cost * self.task.visits

    @property
    def vehicles(self) -> int:
        """How many vehicles do, each a round a working day."""
        return int(np.ceil(len(self.plan.rounds) / self.task.days))

    def figures(self) -> dict[str, float]:
        """Return `FIGURES`, and the vehicles."""
        task, plan, times = self.task, self.plan, self.task.visits
        return {
            "rounds": len(plan.rounds) * times,
            "vehicles": float(self.vehicles),
            "km": plan.km * times,
            "hours": plan.hours * times,
            "tonnes": float(task.problem.load_t.sum()) * times,
            "load_factor": plan.load_factor,
            "emissions_t": plan.km * times * task.emission_kg_per_km / KG_PER_T,
            "expected": float(task.expected.sum()),
            "cost": self.cost,
            "bound": self.bound * times,
            "there_and_back": task.direct,
        }

    def dearer_than_leaving(self) -> Iterator[dict[str, Any]]:
        """Yield places whose stop costs more than leaving what they have, which is allowed: by what in the period.

        A stop costs what its round would be cheaper without it, the others in the same order.
        """
        for each in self.plan.rounds:
            for stop in each.stops:
                others = VehicleRound(depot=each.depot, stops=tuple(s for s in each.stops if s != stop))
                without = self.plan.cost_of(others) if others.stops else 0.0
                cost, leaving = (self.plan.cost_of(each) - without) * self.task.visits, float(self.task.leaving[stop])
                if np.isfinite(cost) and cost > leaving * (1 + 1e-9):
                    key = {"period": self.task.period, "mode": self.task.mode, "depot": self.task.depot}
                    yield {**key, "place": self.task.problem.places[stop], "cost": cost, "leaving": leaving}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of ``rounds.csv``."""
        task, problem = self.task, self.task.problem
        for number, each in enumerate(self.plan.rounds):
            vehicle, day = f"{task.mode} {number // task.days + 1}", number % task.days + 1
            clock = 0.0
            for position, (before, at) in enumerate(self.plan.ways(each), 1):
                clock += float(problem.hours[before, at])
                is_home = at == each.depot
                place = at - len(problem.depots)
                yield (
                    *(task.period, task.depot, vehicle, position),
                    task.depot if is_home else problem.places[place],
                    clock,
                    0.0 if is_home else float(problem.load_t[place]),
                    *(task.mode, day, task.visits),
                    0.0 if is_home else float(problem.slots[place]),
                    float(problem.km[before, at]),
                )
                clock += 0.0 if is_home else problem.vehicle.stop_hours


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundsAnswer:
    """All rounds of a plan.

    Attributes
    ----------
    shipped, facilities
        The plan's tables that they belong to.
    unplanned
        Tasks for which no rounds were found: stopped before, or none that keep to vehicles and shifts.
    seconds
        Of planning.
    stopped
        Whether somebody, or the time limit, ended it before its end.
    """

    network: Network
    shipped: pd.DataFrame
    facilities: pd.DataFrame
    planned: tuple[PlannedTask, ...]
    unplanned: tuple[RoundTask, ...]
    seconds: float
    stopped: bool = False

    @cached_property
    def table(self) -> pd.DataFrame:
        """``rounds.csv``: a row a stop; the last of each round is the depot."""
        rows = [row for each in self.planned for row in each.rows()]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    @cached_property
    def by_task(self) -> pd.DataFrame:
        """Figures a period, mode and depot."""
        keys = [{"period": e.task.period, "mode": e.task.mode, "depot": e.task.depot} for e in self.planned]
        rows = [key | each.figures() for key, each in zip(keys, self.planned, strict=True)]
        columns = ["period", "mode", "depot", *FIGURES[:1], "vehicles", *FIGURES[1:4], "load_factor", *FIGURES[4:]]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def by_period(self) -> pd.DataFrame:
        """Figures a period."""
        rows = []
        for period in self.network.periods:
            mine = [each for each in self.planned if each.task.period == period.name]
            figures = [each.figures() for each in mine]
            sums = {name: sum(f[name] for f in figures) for name in (*FIGURES, "vehicles")}
            room = sum(len(e.plan.rounds) * e.task.visits * e.task.problem.vehicle.capacity_t for e in mine)
            rows.append({"period": period.name, **sums, "load_factor": sums["tonnes"] / room if room else 0.0})
        columns = ["period", *FIGURES[:1], "vehicles", *FIGURES[1:4], "load_factor", *FIGURES[4:]]
        return pd.DataFrame(rows, columns=columns)

    def present_value(self, figure: str) -> float:
        """Return the present value of one of the sums of money."""
        return float(self.by_period[figure].to_numpy(dtype=float) @ self.network.discount_factors)

    @cached_property
    def certificate(self) -> Certificate:
        """The judgement of the tables, by who knows neither planner nor problems."""
        return judge_rounds(
            self.network,
            shipped=self.shipped,
            facilities=self.facilities,
            rounds=self.table,
            cost=float(self.by_period["cost"].sum()),
            km=float(self.by_period["km"].sum()),
            bound=float(self.by_period["bound"].sum()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data: present values of money, sums of the rest."""
        sums = {name: float(self.by_period[name].sum()) for name in ("rounds", "km", "hours", "tonnes", "emissions_t")}
        money = {name: self.present_value(name) for name in ("expected", "cost", "bound", "there_and_back")}
        room = sum(e.plan.problem.vehicle.capacity_t * len(e.plan.rounds) * e.task.visits for e in self.planned)
        return {
            **money,
            "gap": (money["cost"] - money["bound"]) / money["cost"] if money["cost"] else 0.0,
            "disagreement": abs(money["expected"] - money["cost"]) / money["cost"] if money["cost"] else 0.0,
            "share_saved": 1.0 - money["cost"] / money["there_and_back"] if money["there_and_back"] else 0.0,
            **sums,
            "vehicles": int(self.by_period["vehicles"].max()) if len(self.by_period) else 0,
            "load_factor": sums["tonnes"] / room if room else 0.0,
            "dearer_than_leaving": [row for each in self.planned for row in each.dearer_than_leaving()],
            "unplanned": [f"{t.mode} from {t.depot} in {t.period}" for t in self.unplanned],
            "seconds": self.seconds,
            "stopped": self.stopped,
            "certificate": self.certificate.to_json(),
        }


def costs_by_place(planned: Sequence[PlannedTask]) -> Mapping[tuple[str, str, str], tuple[float, float]]:
    """Return what was expected and what rounds cost, by mode, place and depot, summed over periods.

    A round's cost is shared among its stops as their expectations are.
    """
    found: dict[tuple[str, str, str], tuple[float, float]] = {}
    for each in planned:
        for one in each.plan.rounds:
            stops = list(one.stops)
            expected = each.task.expected[stops]
            share = expected / expected.sum() if expected.sum() > 0 else np.full(len(stops), 1.0 / len(stops))
            cost = each.plan.cost_of(one) * each.task.visits
            for stop, was, part in zip(stops, expected.tolist(), (share * cost).tolist(), strict=True):
                key = (each.task.mode, each.task.problem.places[stop], each.task.depot)
                before = found.get(key, (0.0, 0.0))
                found[key] = before[0] + was, before[1] + part
    return found
