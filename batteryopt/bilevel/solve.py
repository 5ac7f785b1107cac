"""`bilevel.solve`: from a user's model to an answer with its claims, on one page."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Mapping
from typing import Any

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.conclusion import ASKED_FOR, draft, judged
from batteryopt.bilevel.judge.logic import judged_as_written
from batteryopt.bilevel.judge.pessimistic import with_worst, worst_answer, worst_checks
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods import METHODS, PESSIMISTIC, MethodOutcome, MethodSettings, method_named
from batteryopt.bilevel.methods.automatic import INTEGER, run_automatic
from batteryopt.bilevel.methods.bilevel_units import restatement
from batteryopt.bilevel.methods.restated import remembered, solve_restated
from batteryopt.bilevel.problem import shared
from batteryopt.bilevel.problem.follower import limits_by_constraint
from batteryopt.bilevel.problem.leader_logic import with_rows_only
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow, extract, refuse_integers
from batteryopt.bilevel.proof import convexity, qualification
from batteryopt.bilevel.proof.norms import refuse_limits_of_squares, with_directions
from batteryopt.bilevel.proof.qualification import Qualification
from batteryopt.ground.errors import BatteryOptError, nearest


def solve(
    model: Any,
    method: str = "auto",
    *,
    solver: str | None = None,
    time_limit: float | None = None,
    gap: float = 1e-6,
    threads: int | None = None,
    starts: int = 6,
    seed: int = 0,
    assume_convex: bool = False,
    shared_multipliers: str | None = None,
    multiplier_limits: Mapping[Any, float] | None = None,
    pessimistic_gap: bool = False,
    is_draft: bool = False,
    is_near: bool = False,
    log: bool = False,
) -> BilevelAnswer:
    """Solve a bilevel model; the optimistic answer's values come back into the model's variables.

    Parameters
    ----------
    model
        A Pyomo model with at least one `Follower`.
    method
        "auto", or one of `METHODS`: "sos1", "indicator", "big-m", "branching", "strong-duality", "regularized",
        "product", "value-function". "pessimistic" solves another problem: that of a leader who expects the worst of
        the followers' equally good answers (linear followers, and strictly convex quadratic ones).
    solver
        The solver for the single-level model; the method's own choice where None.
    time_limit
        Seconds.
    gap
        Relative gap at which the bound counts as proven.
    starts, seed
        Number and seed of the starting points of the local method.
    assume_convex
        Your word that the followers are convex where no proof is found; recorded in the answer.
    shared_multipliers
        "independent" or "equal": how the multipliers of a constraint that several followers have in common relate.
    multiplier_limits
        Your word on how large the multipliers of followers' constraints (of a variable: of its bounds) get, for models
        in which nothing proves it: ``{m.market.line: 50}``, or a Pyomo ``ComponentMap`` for variables. It helps every
        global method. What rests on it is recorded in the answer, which is then never called optimal, and has no bound
        where a multiplier ends at its limit.
    pessimistic_gap
        Whether to compute what the leader loses if indifferent followers answer worst.
    is_draft
        Whether the point is only where another search begins: nothing is judged then and nothing claimed, the
        certificate is empty and there is no bound.
    is_near
        Whether the values in the model are those of an answer to nearly the same problem. The local method then lets
        those constraints of the followers bind that bind there, and searches as else only where that finds no point.

    Returns
    -------
    Answer
        With the point, bound, and certificate; ``print`` it.

    Raises
    ------
    UnsupportedFollower
        If a follower is integer, not proven convex, has a component the engine cannot express, or shares a
        constraint with another without your word on its multipliers.
    UnsupportedModel
        If the leader's part cannot be expressed.
    BatteryOptError
        If the method is unknown or does not accept the problem.
    """
    begin = time.perf_counter()
    copy = with_rows_only(model)
    problem = with_directions(extract(copy.model))
    shared.require_word(problem, shared_multipliers)
    limits = limits_by_constraint(copy.limits(multiplier_limits))
    refuse_limits_of_squares(problem, limits)
    # Limits are in the author's units, and so the problem stays in them.
    # Integers have no unit but 1, and so problems of integer followers stay too.
    is_whole = problem.integer_decision is not None
    if is_whole and pessimistic_gap:
        refuse_integers(problem, "pessimistic_gap needs them: ask without")
    has_directions = any(follower.strict is not None for follower in problem.followers)
    other = None if limits or is_whole or has_directions else restatement(problem, alike=shared_multipliers == "equal")
    settings = MethodSettings(
        solver=solver,
        time_limit=time_limit,
        gap=gap,
        threads=threads,
        starts=starts,
        seed=seed,
        log=log,
        limits=limits,
        is_near=is_near,
    )
    wishes = _Wishes(
        method=method,
        assume_convex=assume_convex,
        shared=shared_multipliers,
        pessimistic_gap=pessimistic_gap,
        is_draft=is_draft,
    )
    solve_one = functools.partial(_solve, wishes=wishes)
    if other is None:
        answer = solve_one(problem, settings)
    elif is_draft and (draft := other.bring_back(solve_one(other.problem, settings))).has_point:
        answer = draft
    else:
        answer = solve_restated(other, settings, solve_one)
    answer = judged_as_written(copy, answer)
    return dataclasses.replace(answer, seconds=time.perf_counter() - begin)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Wishes:
    """What the caller asked for that no method needs to know."""

    method: str
    assume_convex: bool
    shared: str | None
    pessimistic_gap: bool
    is_draft: bool


def _solve(problem: BilevelProblem, settings: MethodSettings, wishes: _Wishes) -> BilevelAnswer:
    """Solve a problem as it is stated; its variables hold the point of the answer, or what they held before."""
    convictions = convexity.prove(problem, assume_convex=wishes.assume_convex)
    qualifications = qualification.qualify(problem)
    settings = dataclasses.replace(
        settings,
        fritz_john=_fritz_john(problem, qualifications),
        equal=_equal_rows(problem, wishes.shared),
    )
    put_back = remembered(problem)
    is_solved = False
    try:
        outcome, name, why = _run(problem, wishes.method, settings)
        checks = worst_checks(problem, outcome, settings) if name == PESSIMISTIC.name else ()
        if wishes.is_draft and outcome.report.has_point:
            answer = draft(problem, outcome, convictions, name, why)
        else:
            answer = judged(problem, outcome, settings, convictions, qualifications, name, why)
        answer = with_worst(answer, checks)
        is_solved = answer.has_point
        if is_solved and wishes.pessimistic_gap:
            answer = dataclasses.replace(answer, pessimistic_objective=worst_answer(problem, settings))
    finally:
        kkt.freeze_duals(problem)
        if not is_solved:  # leave the model as it was found
            put_back()
    return answer


def accepting_methods(
    model: Any, *, assume_convex: bool = False, shared_multipliers: str | None = None
) -> tuple[str, ...]:
    """Return the names of the methods that accept a model, which stays as it is; raises what `solve` would raise."""
    problem = with_directions(extract(with_rows_only(model).model))
    shared.require_word(problem, shared_multipliers)
    settings = MethodSettings(equal=_equal_rows(problem, shared_multipliers))
    put_back = remembered(problem)
    try:
        convexity.prove(problem, assume_convex=assume_convex)
        return tuple(name for name, method in METHODS.items() if method.accepts(problem, settings))
    finally:  # bounds of multipliers come from solves
        put_back()


def _equal_rows(problem: BilevelProblem, relation: str | None) -> tuple[tuple[FollowerRow, FollowerRow], ...]:
    """Return the shared rows whose multipliers are one, if that is the user's word."""
    return tuple(shared.shared_rows(problem)) if relation == "equal" else ()


def _fritz_john(problem: BilevelProblem, qualifications: tuple[Qualification, ...]) -> frozenset[int]:
    """Return the followers to write with Fritz John conditions: unqualified, and their multipliers not in use."""
    if problem.duals:
        return frozenset()
    return frozenset(i for i, known in enumerate(qualifications) if known is Qualification.UNPROVEN)


def _run(problem: BilevelProblem, method: str, settings: MethodSettings) -> tuple[MethodOutcome, str, str]:
    """Return the outcome, the method that gave it, and why that one."""
    if method == "auto":
        return run_automatic(problem, settings)
    if method not in (*METHODS, PESSIMISTIC.name):
        raise BatteryOptError(f"unknown method '{method}': {nearest(method, [*METHODS, PESSIMISTIC.name, 'auto'])}")
    chosen = method_named(method)
    if chosen.only_solver is not None and settings.solver not in (None, chosen.only_solver):
        raise BatteryOptError(
            f"method '{method}' is a search over {chosen.only_solver} and has no use for solver '{settings.solver}': "
            "leave the solver out, or name another method"
        )
    if not chosen.takes_integers:
        is_worst = method == PESSIMISTIC.name
        refuse_integers(
            problem, "no bound for them" if is_worst else f"method '{INTEGER}' accepts followers of this kind"
        )
    refusal = chosen.refusal(problem, settings)
    if refusal is not None:
        remedy = "try pessimistic_gap=True" if method == PESSIMISTIC.name else "try method='auto'"
        raise BatteryOptError(f"method '{method}' does not accept this problem: {refusal}; {remedy}")
    return chosen.solve(problem, settings), method, ASKED_FOR
