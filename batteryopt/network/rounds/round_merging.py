"""The best choice of rounds that many plans brought, and of further ones: some depots, their room kept to.

A planner of rounds knows vehicles and no depots. A choice among rounds (set partitioning) knows both: its relaxation
puts a price on each place and on each depot's room, rounds are made that would be cheaper at these prices, and a tree
decides between the most promising. Done for a few neighbouring rounds of a plan at a time, whatever their depots
(POPMUSIC: E. Taillard, S. Voss, 2002), that is quick and nearly exact, and finds what moving single places does not
where depots are nearly full.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.rounds.depot_room import loads_of
from batteryopt.network.rounds.round_choices import RoundChoices, RoundPool, partition
from batteryopt.network.rounds.round_pricing import cheaper_rounds
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

PLACES_AT_ONCE = 30
"""Places of the neighbouring rounds that are chosen anew."""
LEAST_ROUNDS = 3
"""Neighbouring rounds, however many places they have."""
TURNS = 25
"""Times that rounds are made at most."""
AT_ONCE = 60
"""Rounds of each depot that are made in a turn."""
MOST_ROUNDS = 3_000
"""Rounds that the choice is among: those with the least reduced cost."""
KEPT_TO_CHOOSE = 60
"""Rounds that end at the same place and go on from there, once prices are found: what is beyond them by no more than
the plan is beyond the relaxation may be in a better plan."""
PENALTY, DEARER = 2.0, 3.0
"""Of what going there and back costs a tonne: the price of a tonne beyond a depot's room; and how many times as much it
becomes where some room is exceeded in the end."""
NEARLY = 1e-9
"""Of all loads; room that is exceeded by no more is not."""
MOST_NODES = 30
"""Of the tree: so that the same comes again."""


Neighbourhood: TypeAlias = tuple[frozenset[VehicleRound], bytes]
"""Neighbouring rounds, and what room of the depots all others leave to them."""


@dataclass(frozen=True, kw_only=True)
class _RoundWorth:
    """Prices of the relaxation: what places (n), a tonne of depots' room (m) and their vehicles (m) are worth."""

    by_place: Floats
    by_room: Floats
    by_vehicle: Floats

    def of_all(self, problem: RoundProblem) -> float:
        """Return the relaxation's value: what all places are worth, and all room and vehicles that have a price."""
        limits = ((self.by_room, problem.depot_capacity_t), (self.by_vehicle, problem.vehicles))
        scarce = sum(float((price * np.where(np.isinf(most), 0.0, most)).sum()) for price, most in limits)
        return float(self.by_place.sum()) + scarce

    def reduced(self, problem: RoundProblem, choices: RoundChoices) -> Floats:
        """Return what each round costs beyond what it is worth."""
        loads = choices.holds @ problem.load_t
        by_depot = loads * self.by_room[choices.depot] + self.by_vehicle[choices.depot]
        return np.asarray(choices.cost - choices.holds @ self.by_place - by_depot)


def merged_in_parts(
    plan: RoundPlan,
    rounds: Iterable[VehicleRound],
    *,
    seconds: float | None = None,
    most: int | None = None,
    flag: InterruptFlag | None = None,
    at_once: int = PLACES_AT_ONCE,
    tried: set[Neighbourhood] | None = None,
    penalty: float | None = None,
) -> RoundPlan:
    """Return a plan in which no few neighbouring rounds can be chosen better, as far as is seen here.

    Parameters
    ----------
    plan
        Depots may have more than they have room for, at a price: most often they do no more in the end.
    rounds
        Of the same problem: what there is to choose from to begin with.
    seconds
        After so many, the plan so far is returned; None: when every neighbourhood has been looked at.
    most
        Neighbourhoods that are looked at, at most.
    tried
        Neighbourhoods that were looked at already, in vain; further ones are noted there.
    penalty
        Price of a tonne beyond a depot's room; None: `usual_penalty`.
    """
    until = np.inf if seconds is None else time.monotonic() + seconds
    price = usual_penalty(plan.problem) if penalty is None else penalty
    known, tried = list(rounds), set() if tried is None else tried
    waiting, left = list(plan.rounds), len(plan.problem.places) ** 2 if most is None else most
    while (
        (waiting or _is_beyond(plan)) and left and time.monotonic() < until and not (flag is not None and flag.is_set)
    ):
        if not waiting:
            waiting, price = list(plan.rounds), DEARER * price
        few = _neighbours(plan, waiting.pop(0), at_once)
        room, vehicles = _left_by_others(plan, few)
        key = frozenset(few), np.append(room, price).round(6).tobytes()
        if key in tried:
            continue
        left -= 1
        part = _Part(problem=plan.problem, few=tuple(few), room=room, vehicles=vehicles)
        chosen = part.chosen_anew(known, price, until)
        if chosen is None:
            if time.monotonic() < until:
                tried.add(key)
        else:
            others = [each for each in plan.rounds if each not in few]
            plan = RoundPlan(problem=plan.problem, rounds=(*others, *chosen))
            fresh = [each for each in chosen if each not in few]
            waiting = [each for each in waiting if each in others] + fresh
    return plan


def _neighbours(plan: RoundPlan, seed: VehicleRound, at_once: int) -> list[VehicleRound]:
    """Return a round and those that have places nearest to its own, until they have so many places."""
    m, way = len(plan.problem.depots), plan.problem.way_cost
    mine = m + np.array(seed.stops)

    def away(each: VehicleRound) -> float:
        there = m + np.array(each.stops)
        return float(np.sort(way[np.ix_(mine, there)].min(axis=0))[:2].mean())

    near = sorted((each for each in plan.rounds if each != seed), key=away)
    found, count = [seed], len(seed.stops)
    for each in near:
        count += len(each.stops)
        if count > at_once and len(found) >= LEAST_ROUNDS:
            break
        found.append(each)
    return found


def _left_by_others(plan: RoundPlan, few: list[VehicleRound]) -> tuple[Floats, Floats]:
    """Return what room and how many vehicles of each depot (m) all rounds but few leave to these."""
    room, vehicles = np.array(plan.problem.depot_capacity_t), np.array(plan.problem.vehicles)
    for each in plan.rounds:
        if each not in few:
            room[each.depot] -= plan.load_of(each)
            vehicles[each.depot] -= 1
    return room, np.maximum(0.0, vehicles)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Few rounds of a plan, and what all others leave to them."""

    problem: RoundProblem
    few: tuple[VehicleRound, ...]
    room: Floats
    vehicles: Floats

    def chosen_anew(self, known: list[VehicleRound], penalty: float, until: float) -> list[VehicleRound] | None:
        """Return other rounds in place of few, cheaper ones, of the same places; None where none were found."""
        places = np.array(sorted(stop for each in self.few for stop in each.stops), dtype=np.int64)
        position = {place: k for k, place in enumerate(places.tolist())}
        held = frozenset(position)
        part = self.problem.of(places, self.room, self.vehicles)

        def inside(each: VehicleRound) -> VehicleRound:
            return VehicleRound(depot=each.depot, stops=tuple(position[stop] for stop in each.stops))

        begin = RoundPlan(problem=part, rounds=tuple(map(inside, self.few)))
        mine = [inside(each) for each in known if held.issuperset(each.stops)]
        better = merged(begin, mine, penalty=penalty, until=until)
        if better is None:
            return None
        names = places.tolist()
        return [VehicleRound(depot=each.depot, stops=tuple(names[k] for k in each.stops)) for each in better.rounds]


def usual_penalty(problem: RoundProblem) -> float:
    """Return a price of a tonne beyond a depot's room: what going there and back costs a tonne, on average.

    It is also the highest price that the relaxation puts on room: without one it is wild while few rounds are known.
    """
    return PENALTY * float(problem.there_and_back.sum() / max(problem.load_t.sum(), 1e-300))


def with_excess(plan: RoundPlan, penalty: float) -> float:
    """Return what a plan costs, with the price of what depots have beyond their room."""
    return plan.cost + penalty * float(_excess(plan).sum())


def _excess(plan: RoundPlan) -> Floats:
    return np.maximum(0.0, loads_of(plan) - plan.problem.depot_capacity_t)


def _is_beyond(plan: RoundPlan) -> bool:
    """Return whether a depot has more than it has room for."""
    return bool(_excess(plan).max() > NEARLY * plan.problem.load_t.sum())


def merged(
    plan: RoundPlan, rounds: Iterable[VehicleRound], *, penalty: float | None = None, until: float = np.inf
) -> RoundPlan | None:
    """Return a cheaper plan from the same depots, of known rounds and further ones; None where none was found."""
    price = usual_penalty(plan.problem) if penalty is None else penalty
    pool = RoundPool(plan.problem, [*plan.rounds, *rounds])
    worth = _worth(pool, price)
    for _ in range(TURNS):
        if worth is None or time.monotonic() > until:
            return None
        if not pool.add(_fresh(plan.problem, worth, most=AT_ONCE)):
            break
        worth = _worth(pool, price)
    if worth is None:
        return None
    left = max(0.0, with_excess(plan, price) - worth.of_all(plan.problem))
    pool.add(_fresh(plan.problem, worth, most=MOST_ROUNDS // len(plan.problem.depots), below=left, kept=KEPT_TO_CHOOSE))
    return _decided(plan, pool, worth, price, until)


def _worth(pool: RoundPool, penalty: float) -> _RoundWorth | None:
    """Return what the relaxation over known rounds says that everything is worth."""
    n, m = len(pool.problem.places), len(pool.problem.depots)
    duals = solve_arrays(
        _program(pool.problem, pool.choices(), penalty).relaxed(), Options(relative_gap=0.0, threads=1)
    ).row_duals
    if duals is None:
        return None
    by_place, by_room, by_vehicle = np.split(duals, [n, n + m])
    return _RoundWorth(by_place=by_place, by_room=by_room, by_vehicle=by_vehicle)


def _program(problem: RoundProblem, choices: RoundChoices, penalty: float) -> QuadraticProgram:
    """Return the choice with a column a depot behind the rounds: its tonnes beyond its room, at their price."""
    program, m = partition(problem, choices, range(len(problem.depots))), len(problem.depots)
    size, rows = len(program.c) + m, len(problem.places) + np.arange(m)
    beyond = sp.csr_array((np.full(m, -1.0), (rows, np.arange(m))), shape=(program.A.shape[0], m))
    return QuadraticProgram(
        c=np.concatenate([program.c, np.full(m, penalty)]),
        Q=sp.csc_array((size, size)),
        A=sp.csr_array(sp.hstack([program.A, beyond], format="csr")),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=np.zeros(size),
        upper=np.concatenate([program.upper, np.full(m, np.inf)]),
        is_integer=np.concatenate([program.is_integer, np.zeros(m, dtype=bool)]),
    )


def _fresh(problem: RoundProblem, worth: _RoundWorth, **limits: Any) -> list[VehicleRound]:
    """Return rounds that cost less than they are worth, of the depots whose vehicles are not scarce."""
    found = []
    for depot in np.flatnonzero(worth.by_vehicle > -1e-9).tolist():
        found += cheaper_rounds(problem, depot, worth.by_place, float(worth.by_room[depot]), **limits)
    return found


def _decided(plan: RoundPlan, pool: RoundPool, worth: _RoundWorth, penalty: float, until: float) -> RoundPlan | None:
    """Return the best choice among the plan's rounds and those that may be in a better one.

    A round costs a plan at least its reduced cost beyond the relaxation's value: where that is more than the plan's, it
    is in none that is better.
    """
    choices, own = pool.choices(), pool.rows_of(plan)
    reduced = worth.reduced(plan.problem, choices)
    cost = with_excess(plan, penalty)
    left = cost - worth.of_all(plan.problem)
    order = np.argsort(reduced, kind="stable")[:MOST_ROUNDS]
    few: Ints = np.union1d(order[reduced[order] <= left], own)
    answer = solve_arrays(
        _program(plan.problem, choices.where(few), penalty),
        Options(
            relative_gap=0.0,
            time_limit=None if np.isinf(until) else max(0.1, until - time.monotonic()),
            threads=1,
            iteration_limit=MOST_NODES,
        ),
        start=np.concatenate([np.isin(few, own).astype(float), _excess(plan)]),
    )
    if answer.x is None:
        return None
    chosen = tuple(pool.rounds[row] for row in few[answer.x[: len(few)] > 0.5].tolist())
    better = RoundPlan(problem=plan.problem, rounds=chosen)
    return better if with_excess(better, penalty) < cost * (1 - 1e-9) else None
