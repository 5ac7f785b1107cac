"""Several leaders ahead of the same followers: each in turn answers the others, until nobody gains (diagonalisation).

A leader moves only where it gains by it. When a whole round has passed in which nobody moved, every leader has been
solved anew against the others' decisions as they stand, globally: that is the certificate of the equilibrium, with a
proven bound on what each could gain. Nothing is claimed where a method proves no bound.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pyomo.environ as pyo

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.problem.follower import Follower
from batteryopt.bilevel.problem.leaders import alone, decisions_of, leaders_of
from batteryopt.bilevel.problem.normal_form import BilevelProblem, extract
from batteryopt.bilevel.solve import solve
from batteryopt.bilevel.standings import LeadersAnswer, LeaderStanding
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason
from batteryopt.solvers.contract.points import inside

DIGITS = 6
"""Decisions that agree to so many digits are the same: a round that comes back to them goes in circles."""


def equilibrium(
    model: Any,
    method: str = "auto",
    *,
    rounds: int = 50,
    tolerance: float = 1e-5,
    time_limit: float | None = None,
    **options: Any,
) -> LeadersAnswer:
    """Look for an equilibrium of several leaders; its values come back into the model's variables.

    Parameters
    ----------
    model
        A Pyomo model with `Leader` blocks, and followers of all of them. The search begins at the variables' values.
    method
        As in `solve`, for each leader's problem.
    rounds
        How often each leader is asked at most.
    tolerance
        What a leader may gain, relative to its objective or 1, where it counts as being at its best.
    time_limit
        Seconds for all rounds.
    options
        Handed on to `solve`.

    Returns
    -------
    LeadersAnswer
        With what each leader has and could gain; ``print`` it. Where no equilibrium was found it says why: rounds that
        go in circles, a limit, or a leader without a best answer.

    Raises
    ------
    UnsupportedModel
        If there are not several leaders, if a variable is no leader's and no follower's, or as `solve` raises.
    """
    search = _Diagonalisation(
        model, tolerance, time_limit, lambda seconds: solve(model, method, time_limit=seconds, **options)
    )
    return search.run(rounds)


class _Diagonalisation:
    """The rounds of one search."""

    def __init__(
        self, model: Any, tolerance: float, time_limit: float | None, solve_one: Callable[[float | None], BilevelAnswer]
    ) -> None:
        self.model, self.tolerance, self.time_limit, self.solve_one = model, tolerance, time_limit, solve_one
        self.began = time.perf_counter()
        self.leaders = leaders_of(model)
        _refuse_unowned(model, self.leaders)
        self.followers = list(model.component_data_objects(Follower, active=True, descend_into=pyo.Block))
        self.variables = [v for block in (*self.leaders, *self.followers) for v in _variables(block)]
        self.standings: dict[str, LeaderStanding] = {}
        for leader in self.leaders:
            for variable in decisions_of(leader):
                if variable.value is None:
                    variable.set_value(inside(variable), skip_validation=True)

    def run(self, most: int) -> LeadersAnswer:
        """Ask every leader in turn until nobody moves."""
        seen: set[tuple[float, ...]] = set()
        for count in range(1, most + 1):
            moved = False
            for leader in self.leaders:
                if self._is_late():
                    return self._answer(count, StopReason.TIME_LIMIT, "the time is over")
                has_moved, trouble = self._ask(leader)
                if trouble is not None:
                    return self._answer(count, trouble[0], trouble[1])
                moved = moved or has_moved
            if not moved:
                return self._answer(count, StopReason.CONVERGED, "nobody moved for a whole round")
            place = tuple(float(f"{v.value:.{DIGITS}g}") for leader in self.leaders for v in decisions_of(leader))
            if place in seen:
                words = "the leaders go in circles: from here no equilibrium is reached, and there may be none"
                return self._answer(count, StopReason.NUMERICAL_TROUBLE, words)
            seen.add(place)
        return self._answer(most, StopReason.ITERATION_LIMIT, "the leaders still move")

    def _ask(self, leader: Any) -> tuple[bool, tuple[StopReason, str] | None]:
        """Let a leader answer; returns whether it moved, and why there is no going on."""
        here = [v.value for v in self.variables]
        with alone(leader, self.leaders):
            problem = extract(self.model)
            _refuse_others(problem, leader)
            now = _value_here(problem)
            answer = self.solve_one(self._left())
        if not answer.point_status.is_feasible or answer.objective is None:
            self._put(here)
            return False, (answer.stop_reason, f"{leader.name} has no answer: {'; '.join(answer.notes)}")
        size = max(1.0, abs(answer.objective))
        if now is None or problem.sense * (now - answer.objective) > 0.5 * self.tolerance * size:
            # It gains by moving, so that nothing is known any more of the others, nor of itself once they move.
            self.standings.clear()
            self._note(leader, problem.sense, answer.objective, answer)
            return True, None
        self._put(here)
        self._note(leader, problem.sense, now, answer)
        return False, None

    def _note(self, leader: Any, sense: int, now: float, answer: BilevelAnswer) -> None:
        best = now if answer.objective is None else answer.objective
        gain = None if answer.bound is None else max(0.0, sense * (now - answer.bound)) / max(1.0, abs(now))
        self.standings[leader.name] = LeaderStanding(
            name=leader.name, objective=now, best=best, bound=answer.bound, gain=gain, method=answer.method
        )

    def _answer(self, rounds: int, reason: StopReason, words: str) -> LeadersAnswer:
        checks = [*map(self._check, self.leaders)]
        with alone(self.leaders[0], self.leaders):
            for follower in extract(self.model).followers:
                if all(v.value is not None for v in follower.variables):
                    checks.append(claims.follower_feasibility(follower))
                    checks.append(claims.best_response_gain(follower))
        return LeadersAnswer(
            standings=tuple(self.standings[leader.name] for leader in self.leaders if leader.name in self.standings),
            stop_reason=reason,
            why=words,
            rounds=rounds,
            certificate=Certificate(tuple(checks)),
            values={v.name: float(v.value) for v in self.variables if v.value is not None},
            seconds=time.perf_counter() - self.began,
        )

    def _check(self, leader: Any) -> Check:
        standing = self.standings.get(leader.name)
        gain = math.nan if standing is None or standing.gain is None else standing.gain
        return Check(
            is_of_convergence=True,
            name=f"no-gain[{leader.name}]",
            residual=gain,
            tolerance=self.tolerance,
            detail="what the leader could gain against the others as they stand, by a proven bound, relative",
        )

    def _put(self, values: list[float | None]) -> None:
        for variable, value in zip(self.variables, values, strict=True):
            variable.set_value(value, skip_validation=True)

    def _left(self) -> float | None:
        return None if self.time_limit is None else max(0.1, self.time_limit - (time.perf_counter() - self.began))

    def _is_late(self) -> bool:
        return self.time_limit is not None and time.perf_counter() - self.began > self.time_limit


def _value_here(problem: BilevelProblem) -> float | None:
    """Return the leader's objective where its point stands; None where it is no point that it may keep."""
    variables = [*problem.leader_variables, *(v for follower in problem.followers for v in follower.variables)]
    if any(v.value is None for v in variables):
        return None
    if not claims.leader_feasibility(problem).passed or not claims.are_at_their_best(problem):
        return None
    return float(pyo.value(problem.objective.expr))


def _variables(block: Any) -> list[Any]:
    return [v for v in block.component_data_objects(pyo.Var, descend_into=pyo.Block) if not v.fixed]


def _refuse_unowned(model: Any, leaders: list[Any]) -> None:
    if len(leaders) < 2:
        raise UnsupportedModel(f"'{model.name}' has {len(leaders)} leaders: use bilevel.solve(model)")
    objective = next(model.component_data_objects(pyo.Objective, active=True, descend_into=pyo.Block), None)
    if objective is not None:
        raise UnsupportedModel(f"{objective.name}: it is no leader's: put it on the leader whose objective it is")
    for leader in leaders:
        own = next(leader.component_data_objects(Follower, active=True, descend_into=pyo.Block), None)
        if own is not None:
            raise UnsupportedModel(f"{own.name}: every leader leads every follower: put it on the model")


def _refuse_others(problem: BilevelProblem, leader: Any) -> None:
    own = {id(v) for v in decisions_of(leader)}
    for variable in problem.leader_variables:
        if id(variable) not in own:
            raise UnsupportedModel(f"{variable.name}: it is no leader's: put it on the leader who decides on it")
