"""Rounds planned by PyVRP (N. A. Wouda, L. Lan, W. Kool, INFORMS Journal on Computing 36, 2024).

PyVRP reckons in whole numbers: money, loads and times are brought to a grid, on the safe side: what fits there fits. It
knows no room of depots; where rounds bring a depot too much, its ways are made dearer by the tonne until they do not.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.rounds.round_bounds import fewest_rounds
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound

GRID = 10**4
"""Parts of a vehicle's load, slots or shift where they are no round numbers. Finer would be worse: PyVRP weighs what is
beyond a limit against money, and what is beyond by next to nothing would always seem worth it."""
DECIMALS, LARGEST_ROOM = 3, 10**5
"""Amounts with so many decimals, in vehicles that hold no more of the last of them, are reckoned as they are."""
MONEY_GRID = 10**5
"""Parts of the dearest way or the price of a vehicle."""
NEARLY = 1e-9
"""Relative; amounts that are apart by no more are the same."""
LARGEST = 2**40
"""Of PyVRP's numbers: a way that is not there."""
STRANGE = 50.0
"""Dearest ways that going to a place of another depot costs, where each place has its own."""
SPARE = 2
"""Rounds beyond the fewest, and a quarter more, from each depot: more would only make the search slower."""


@dataclass(frozen=True, kw_only=True)
class RoundEffort:
    """How long rounds are planned: whatever ends first. Seeds and iterations repeat themselves, seconds do not."""

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 1


def require_pyvrp() -> None:
    """Raise `InvalidInput` where PyVRP is not installed."""
    if importlib.util.find_spec("pyvrp") is None:
        remedy = "pip install 'batteryopt[rounds]'"
        raise InvalidInput(
            "rounds", [Fault(place="pyvrp", problem="is not installed, and plans rounds", remedy=remedy)]
        )


def plan_rounds(
    problem: RoundProblem,
    effort: RoundEffort,
    *,
    start: RoundPlan | None = None,
    flag: InterruptFlag | None = None,
    dearer: Floats | None = None,
    homes: Ints | None = None,
    on_better: Callable[[RoundPlan], None] | None = None,
) -> RoundPlan | None:
    """Return the best rounds found; None where none that keep to vehicles and shifts were found.

    Parameters
    ----------
    start
        Rounds to begin from.
    flag
        Asks for a stop; the best so far is returned.
    dearer
        Money that a tonne costs more at each depot (m), so that fewer come there.
    homes
        The depot that is to serve each place (n).
    on_better
        Told of every better plan on the way; its depots may have more than they have room for.

    Raises
    ------
    InvalidInput
        If PyVRP is not installed.
    """
    require_pyvrp()
    import pyvrp
    from pyvrp.IteratedLocalSearch import IteratedLocalSearchParams

    if not len(problem.places):
        return RoundPlan(problem=problem, rounds=())
    grid = _VehicleGrid(problem, dearer, homes)
    data = grid.data()
    watching = _RoundWatch(effort, flag)
    params = pyvrp.SolveParams(ils=IteratedLocalSearchParams(callbacks=_listener(grid, on_better)))
    first = None if start is None else pyvrp.Solution(data, grid.routes(data, start))
    with np.errstate(all="ignore"):
        result = pyvrp.solve(
            data,
            stop=watching,
            seed=effort.seed,
            collect_stats=False,
            display=False,
            params=params,
            initial_solution=first,
        )
    if result.best.is_feasible():
        return grid.plan(result.best)
    return None if homes is not None else alone(problem)


def alone(problem: RoundProblem) -> RoundPlan | None:
    """Return a round for each place from its nearest depot; None where depots have too few vehicles for that.

    What a vehicle can just do may be beyond it on the planner's grid.
    """
    m = len(problem.depots)
    ways = problem.way_cost[:m, m:] + problem.way_cost[m:, :m].T
    hours = problem.hours[:m, m:] + problem.hours[m:, :m].T + problem.vehicle.stop_hours
    ways = np.where(hours <= problem.vehicle.shift_hours * (1 + NEARLY), ways, np.inf)
    rounds = tuple(VehicleRound(depot=int(depot), stops=(place,)) for place, depot in enumerate(ways.argmin(axis=0)))
    counts = np.bincount([each.depot for each in rounds], minlength=m)
    if (counts > problem.vehicles).any() or np.isinf(ways.min(axis=0)).any():
        return None
    return RoundPlan(problem=problem, rounds=rounds)


def _on_grid(amount: Floats, most: float) -> tuple[np.typing.NDArray[np.int64], int]:
    """Return amounts, and what a vehicle holds of them, as whole numbers: as they are, or in parts, rounded up."""
    for decimals in range(DECIMALS + 1):
        scale = 10.0**decimals
        is_whole = np.abs(np.round(amount * scale) - amount * scale) <= NEARLY * np.maximum(1.0, amount * scale)
        if most * scale > LARGEST_ROOM:
            break
        if is_whole.all():
            return np.round(amount * scale).astype(np.int64), int(most * scale * (1 + NEARLY))
    return np.ceil(amount / most * GRID * (1 - NEARLY)).astype(np.int64), GRID


class _RoundWatch:
    """Says when to stop: time, iterations, or somebody asks."""

    def __init__(self, effort: RoundEffort, flag: InterruptFlag | None) -> None:
        self._effort, self._flag = effort, flag
        self._ends_at = np.inf if effort.seconds is None else time.monotonic() + effort.seconds
        self._count = 0

    def __call__(self, _best_cost: int) -> bool:
        self._count += 1
        is_over = self._effort.iterations is not None and self._count > self._effort.iterations
        asked = self._flag is not None and self._flag.is_set
        return bool(is_over or asked or time.monotonic() > self._ends_at)


def _listener(grid: _VehicleGrid, on_better: Callable[[RoundPlan], None] | None) -> Any:
    from pyvrp.IteratedLocalSearch import IteratedLocalSearchCallbacks

    class BetterRounds(IteratedLocalSearchCallbacks):  # type: ignore[misc, unused-ignore]
        def on_best(self, best: Any) -> None:
            if on_better is not None and best.is_feasible():
                on_better(grid.plan(best))

    return BetterRounds()


class _VehicleGrid:
    """A problem in PyVRP's whole numbers, and its rounds back."""

    def __init__(self, problem: RoundProblem, dearer: Floats | None, homes: Ints | None) -> None:
        self.problem, self.homes = problem, homes
        self.dearer = np.zeros(len(problem.depots)) if dearer is None else dearer
        finite = problem.way_cost[np.isfinite(problem.way_cost)]
        size = max(float(finite.max(initial=0.0)), problem.vehicle.cost_per_round, 1e-300)
        is_whole = bool((finite == np.round(finite)).all()) and problem.vehicle.cost_per_round % 1 == 0
        self.money = 1.0 if is_whole and size <= LARGEST / 1e4 and not self.dearer.any() else MONEY_GRID / size
        self.has_hours = bool(np.isfinite(problem.vehicle.shift_hours))

    def data(self) -> Any:
        """Return PyVRP's problem: one kind of vehicle a depot, with ways of its own where depots' prices differ."""
        import pyvrp

        problem, m = self.problem, len(self.problem.depots)
        locations = [pyvrp.Location(0, 0) for _ in range(m + len(problem.places))]
        loads = self._loads()
        service = self._parts_of_a_shift(problem.vehicle.stop_hours) if self.has_hours else 0
        clients = [
            pyvrp.Client(m + place, pickup=loads[place].tolist(), service_duration=service)
            for place in range(len(problem.places))
        ]
        ways = list(dict.fromkeys(self._way_of(depot) for depot in range(m)))
        types = [
            pyvrp.VehicleType(
                num_available=self._vehicles(depot),
                capacity=self._room(),
                start_depot=depot,
                end_depot=depot,
                fixed_cost=round(problem.vehicle.cost_per_round * self.money),
                profile=ways.index(self._way_of(depot)),
                **({"shift_duration": GRID} if self.has_hours else {}),
            )
            for depot in range(m)
            if self._vehicles(depot)
        ]
        self.depot_of = [depot for depot in range(m) if self._vehicles(depot)]
        distances = [self._distances(*way) for way in ways]
        return pyvrp.ProblemData(
            locations,
            clients,
            [pyvrp.Depot(depot) for depot in range(m)],
            types,
            distances,
            [self._durations()] * len(ways),
        )

    def _way_of(self, depot: int) -> tuple[float, int]:
        """Return what tells the ways of a depot's vehicles from those of others: its price, and whose homes it is."""
        return float(self.dearer[depot]), -1 if self.homes is None else depot

    def _vehicles(self, depot: int) -> int:
        most = self.problem.vehicles[depot]
        usual = SPARE + int(1.25 * fewest_rounds(self.problem)) + 1
        usual = len(self.problem.places) if self.has_hours else min(usual, len(self.problem.places))
        return int(min(usual, most))

    def _loads(self) -> np.typing.NDArray[np.int64]:
        """Return loads (places, dimensions): tonnes, slots and stops, as far as they are counted."""
        parts = [_on_grid(amount, most)[0] for amount, most in self._counted()]
        if np.isfinite(self.problem.vehicle.most_stops):
            parts.append(np.ones(len(self.problem.places), dtype=np.int64))
        return np.stack(parts, axis=1)

    def _room(self) -> list[int]:
        """Return what a vehicle holds of each."""
        most_stops = self.problem.vehicle.most_stops
        room = [_on_grid(amount, most)[1] for amount, most in self._counted()]
        return [*room, *([int(most_stops)] if np.isfinite(most_stops) else [])]

    def _counted(self) -> list[tuple[Floats, float]]:
        vehicle = self.problem.vehicle
        both = ((self.problem.load_t, vehicle.capacity_t), (self.problem.slots, vehicle.slots))
        return [(amount, most) for amount, most in both if np.isfinite(most)]

    def _distances(self, price: float, home: int) -> np.typing.NDArray[np.int64]:
        """Return what ways cost; towards a place its tonnes at the depot's price beside, and to strangers far more."""
        cost = np.array(self.problem.way_cost)
        cost[:, len(self.problem.depots) :] += price * self.problem.load_t
        if self.homes is not None:
            m, finite = len(self.problem.depots), cost[np.isfinite(cost)]
            cost[:, m:] += np.where(self.homes == home, 0.0, STRANGE * (1.0 + float(finite.max(initial=0.0))))
        np.fill_diagonal(cost, 0.0)
        return np.where(np.isinf(cost), LARGEST, np.round(np.minimum(cost * self.money, LARGEST))).astype(np.int64)

    def _durations(self) -> np.typing.NDArray[np.int64]:
        if not self.has_hours:
            return np.zeros(self.problem.hours.shape, dtype=np.int64)
        parts = np.ceil(self.problem.hours / self.problem.vehicle.shift_hours * GRID * (1 - NEARLY))
        found = np.where(np.isnan(parts), LARGEST, parts)
        np.fill_diagonal(found, 0)
        return np.minimum(found, LARGEST).astype(np.int64)

    def _parts_of_a_shift(self, hours: float) -> int:
        return int(np.ceil(hours / self.problem.vehicle.shift_hours * GRID * (1 - NEARLY)))

    def plan(self, solution: Any) -> RoundPlan:
        """Return the rounds of a solution of PyVRP."""
        rounds = []
        for route in solution.routes():
            stops = tuple(int(visit.idx) for visit in route if visit.is_client())
            if stops:
                rounds.append(VehicleRound(depot=self.depot_of[route.vehicle_type()], stops=stops))
        return RoundPlan(problem=self.problem, rounds=tuple(rounds))

    def routes(self, data: Any, plan: RoundPlan) -> list[Any]:
        """Return rounds as PyVRP's routes."""
        import pyvrp

        kind = {depot: position for position, depot in enumerate(self.depot_of)}
        return [pyvrp.Route(data, list(each.stops), kind[each.depot]) for each in plan.rounds]
