"""Rounds planned by PyVRP (N. A. Wouda, L. Lan, W. Kool, INFORMS Journal on Computing 36, 2024).

PyVRP reckons in whole numbers: money, loads and times are brought to a grid, on the safe side: what fits there fits. It
knows no room of depots; where rounds bring a depot too much, its ways are made dearer by the tonne until they do not.
"""

from __future__ import annotations

import collections
import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.rounds.round_bounds import fewest_rounds
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound
from batteryopt.work.stop_file import StopSign

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
    flag: StopSign | None = None,
    dearer: Floats | None = None,
    homes: Ints | None = None,
    fleets: Sequence[Floats] | None = None,
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
    fleets
        Tonnes that each vehicle of each depot may bring (m arrays), so that no depot gets more than they sum to; None:
        as many as are of use, each with all that it holds.
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
    grid = _VehicleGrid(problem, dearer, homes, fleets)
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
    return None if homes is not None or fleets is not None else alone(problem)


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

    def __init__(self, effort: RoundEffort, flag: StopSign | None) -> None:
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

    def __init__(
        self,
        problem: RoundProblem,
        dearer: Floats | None,
        homes: Ints | None,
        fleets: Sequence[Floats] | None,
    ) -> None:
        self.problem, self.homes = problem, homes
        self.types = list(_types(problem, fleets))
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
                num_available=count,
                capacity=self._room(capacity_t),
                start_depot=depot,
                end_depot=depot,
                fixed_cost=round(problem.vehicle.cost_per_round * self.money),
                profile=ways.index(self._way_of(depot)),
                **({"shift_duration": GRID} if self.has_hours else {}),
            )
            for depot, capacity_t, count in self.types
        ]
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

    def _loads(self) -> np.typing.NDArray[np.int64]:
        """Return loads (places, dimensions): tonnes, slots and stops, as far as they are counted."""
        parts = [_on_grid(amount, most)[0] for amount, most in self._counted()]
        if np.isfinite(self.problem.vehicle.most_stops):
            parts.append(np.ones(len(self.problem.places), dtype=np.int64))
        return np.stack(parts, axis=1)

    def _room(self, capacity_t: float) -> list[int]:
        """Return what a vehicle holds of each, of tonnes no more than it may bring."""
        vehicle = self.problem.vehicle
        most_stops = vehicle.most_stops
        room = [_on_grid(amount, most)[1] for amount, most in self._counted()]
        if capacity_t < vehicle.capacity_t:
            room[0] = int(room[0] * (capacity_t / vehicle.capacity_t) * (1 + NEARLY))
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
                rounds.append(VehicleRound(depot=self.types[route.vehicle_type()][0], stops=stops))
        return RoundPlan(problem=self.problem, rounds=tuple(rounds))

    def routes(self, data: Any, plan: RoundPlan) -> list[Any]:
        """Return rounds as PyVRP's routes: those with most on board in the vehicles that may bring most."""
        import pyvrp

        free = {kind: count for kind, (_, _, count) in enumerate(self.types)}
        found = []
        for each in sorted(plan.rounds, key=plan.load_of, reverse=True):
            mine = (kind for kind, (depot, _, _) in enumerate(self.types) if depot == each.depot and free[kind])
            kind = max(mine, key=lambda kind: self.types[kind][1])
            free[kind] -= 1
            found.append(pyvrp.Route(data, list(each.stops), kind))
        return found


def _types(problem: RoundProblem, fleets: Sequence[Floats] | None) -> Iterator[tuple[int, float, int]]:
    """Yield kinds of vehicles: their depot, the tonnes that each may bring, and how many there are."""
    n, has_hours = len(problem.places), np.isfinite(problem.vehicle.shift_hours)
    usual = n if has_hours else min(SPARE + int(1.25 * fewest_rounds(problem)) + 1, n)
    for depot, most in enumerate(problem.vehicles.tolist()):
        if fleets is None:
            kinds = {problem.vehicle.capacity_t: int(min(usual, most))}
        else:
            kinds = collections.Counter(np.sort(fleets[depot])[::-1][: int(min(n, most))].tolist())
        yield from ((depot, capacity_t, count) for capacity_t, count in kinds.items() if count)
