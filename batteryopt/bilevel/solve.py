"""`bilevel.solve`: from a user's model to an answer with its claims, on one page."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Iterable, Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.judge import claims, diagnose
from batteryopt.bilevel.judge.logic import judged_as_written
from batteryopt.bilevel.judge.pessimistic import with_worst, worst_answer, worst_checks
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.active_set import polish
from batteryopt.bilevel.methods import METHODS, PESSIMISTIC, MethodOutcome, MethodSettings, method_named
from batteryopt.bilevel.methods.automatic import INTEGER, run_automatic
from batteryopt.bilevel.methods.base import BEYOND_TOLERANCES, is_refuted, multipliers_of
from batteryopt.bilevel.methods.bilevel_units import RUNAWAY, restatement
from batteryopt.bilevel.methods.restated import LEAST_GAP, remembered, solve_restated
from batteryopt.bilevel.problem import shared
from batteryopt.bilevel.problem.follower import limits_by_constraint
from batteryopt.bilevel.problem.leader_logic import with_rows_only
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow, extract, refuse_integers
from batteryopt.bilevel.proof import convexity, qualification
from batteryopt.bilevel.proof.convexity import Conviction
from batteryopt.bilevel.proof.norms import refuse_limits_of_squares, with_directions
from batteryopt.bilevel.proof.qualification import Qualification
from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import BatteryOptError, nearest
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import relative_gap

ASKED_FOR = "asked for"
"""Why a method was taken that the user named; what `auto` takes has had its second opinion."""
OTHERS, SECONDS_TO_OBJECT = ("sos1", "branching"), 10.0
"""Who is asked before a problem is called infeasible, and how long."""
AT_LIMIT = 1e-6
"""Relative distance from its limit at which a multiplier counts as being there."""
REFUTED_NOTE = "the solver's point is better than its own bound: it errs on this model, and the bound is left out"


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
            answer = _draft(problem, outcome, convictions, name, why)
        else:
            answer = _judge(problem, outcome, settings, convictions, qualifications, name, why)
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


def _judge(
    problem: BilevelProblem,
    outcome: MethodOutcome,
    settings: MethodSettings,
    convictions: tuple[Conviction, ...],
    qualifications: tuple[Qualification, ...],
    name: str,
    why: str,
) -> BilevelAnswer:
    """Polish the point, check the three claims, and say what we hold."""
    report = outcome.report
    common: dict[str, Any] = {
        "method": name,
        "why": why,
        "solver": f"{report.solver} {report.version}",
        "convictions": convictions,
    }
    if not report.has_point:
        return _without_point(problem, report.stop_reason, common, settings)
    if method_named(name).is_global and method_named(name).has_conditions:
        polish(outcome.system, objective=report.objective)
    _clip(_variables(problem))
    outcome = dataclasses.replace(outcome, multipliers=multipliers_of(outcome.system))  # those of the polished point
    objective = float(pyo.value(problem.objective))
    outcome = dataclasses.replace(outcome, failures=(*outcome.failures, *_at_their_limits(outcome, settings)))
    refuted = is_refuted(problem, report.bound, objective, by=BEYOND_TOLERANCES)
    if refuted:
        report = dataclasses.replace(report, bound=None, stop_reason=StopReason.NUMERICAL_TROUBLE)
    bound = None if outcome.failures else report.bound  # local methods report none
    certificate = claims.certify(
        problem, convictions, qualifications, bound_gap=relative_gap(objective, bound), gap=max(settings.gap, LEAST_GAP)
    )
    assumptions, is_proven = _assumptions(outcome, convictions, qualifications, settings)
    return BilevelAnswer(
        objective=objective,
        bound=bound,
        stop_reason=report.stop_reason,
        point_status=_point_status(certificate, report.stop_reason, bound, is_proven),
        certificate=certificate,
        assumptions=assumptions,
        notes=(*outcome.failures, *((REFUTED_NOTE,) if refuted else ()), *_notes(problem, outcome)),
        values=_values(problem),
        multipliers={row.name: value for row, value in outcome.multipliers.items()},
        **common,
    )


def _draft(
    problem: BilevelProblem, outcome: MethodOutcome, convictions: tuple[Conviction, ...], name: str, why: str
) -> BilevelAnswer:
    """Return a point as the method left it, with nothing claimed of it."""
    _clip(_variables(problem))
    return BilevelAnswer(
        objective=float(pyo.value(problem.objective)),
        bound=None,
        stop_reason=outcome.report.stop_reason,
        point_status=PointStatus.FEASIBLE,
        certificate=Certificate(),
        method=name,
        why=why,
        solver=f"{outcome.report.solver} {outcome.report.version}",
        convictions=convictions,
        notes=outcome.failures,
        values=_values(problem),
        multipliers={},
    )


def _clip(variables: Iterable[Any]) -> None:
    """Move values into their bounds: a flow of -1e-8 at a price of 1e6 would pay for a follower's loss."""
    for variable in variables:
        value = variable.value
        value = value if variable.lb is None else max(variable.lb, value)
        variable.set_value(value if variable.ub is None else min(variable.ub, value), skip_validation=True)


def _point_status(
    certificate: Certificate, stop_reason: StopReason, bound: float | None, is_proven: bool
) -> PointStatus:
    if not claims.is_bilevel_feasible(certificate):
        return PointStatus.INFEASIBLE
    if bound is None:
        is_claimed = stop_reason is StopReason.CONVERGED and certificate.passed
        return PointStatus.LOCALLY_OPTIMAL if is_claimed else PointStatus.FEASIBLE
    return PointStatus.OPTIMAL if certificate.passed and is_proven else PointStatus.FEASIBLE


def _assumptions(
    outcome: MethodOutcome,
    convictions: tuple[Conviction, ...],
    qualifications: tuple[Qualification, ...],
    settings: MethodSettings,
) -> tuple[tuple[str, ...], bool]:
    """Return what the bound rests on, and whether nothing of it is a mere belief."""
    beliefs = [
        f"follower '{conviction.follower}' is convex, by your word"
        for conviction in convictions
        if "assumed" in conviction.by.values()
    ]
    beliefs.extend(
        f"multipliers of {origin.name} are at most {limit:g}, by your word" for origin, limit in settings.limits
    )
    beliefs.extend(
        f"rounding does not decide: {name} is {value:.3g}, and tolerances times that are no longer small"
        for name, value in _values(outcome.system.problem).items()
        if abs(value) > RUNAWAY
    )
    beliefs.extend(
        f"follower '{follower.name}' has multipliers at its best answers (no constraint qualification proven)"
        for i, follower in enumerate(outcome.system.problem.followers)
        if qualifications[i] is Qualification.UNPROVEN and i not in settings.fritz_john
    )
    return (*outcome.assumptions, *beliefs), not beliefs


def _at_their_limits(outcome: MethodOutcome, settings: MethodSettings) -> list[str]:
    """Name the multipliers that end where the user said that they end at most: there may be better answers beyond."""
    most = ComponentMap(settings.limits)
    return [
        f"the multiplier of {row.name} ends at its limit of {most[row.origin]:g}, which may cut off what is better"
        for row, value in outcome.multipliers.items()
        if row.origin in most and abs(value) >= most[row.origin] * (1 - AT_LIMIT)
    ]


def _without_point(
    problem: BilevelProblem, reason: StopReason, common: dict[str, Any], settings: MethodSettings
) -> BilevelAnswer:
    note = "no point was found"
    if reason in (StopReason.INFEASIBLE, StopReason.INFEASIBLE_OR_UNBOUNDED):
        if not method_named(common["method"]).has_conditions:
            return _nothing(reason, diagnose.EXCLUDED, common)
        explained, note = diagnose.explain_infeasible(problem)
        if note == diagnose.EXCLUDED and not METHODS[common["method"]].is_global:
            explained, note = StopReason.NUMERICAL_TROUBLE, "a local search found no point, which proves nothing"
        elif note == diagnose.EXCLUDED and common["why"] == ASKED_FOR and _another_finds_one(problem, common, settings):
            explained, note = StopReason.NUMERICAL_TROUBLE, "this search found no point, and another one does"
        reason = explained if reason is StopReason.INFEASIBLE else reason
    elif reason is StopReason.UNBOUNDED:
        note = diagnose.explain_unbounded(problem)
    return _nothing(reason, note, common)


def _nothing(reason: StopReason, note: str, common: dict[str, Any]) -> BilevelAnswer:
    return BilevelAnswer(
        objective=None,
        bound=None,
        stop_reason=reason,
        point_status=PointStatus.NONE,
        certificate=Certificate(),
        notes=(note,),
        **common,
    )


def _another_finds_one(problem: BilevelProblem, common: dict[str, Any], settings: MethodSettings) -> bool:
    """Return whether another method finds a point: the word of one solver's presolve is not enough for "infeasible"."""
    other = METHODS[next(second for second in OTHERS if second != common["method"])]
    if not other.accepts(problem, settings):
        return False
    limit = min(settings.time_limit or SECONDS_TO_OBJECT, SECONDS_TO_OBJECT)
    return other.solve(problem, dataclasses.replace(settings, time_limit=limit)).report.has_point


def _notes(problem: BilevelProblem, outcome: MethodOutcome) -> list[str]:
    """Say what a reader should know of the multipliers."""
    notes = [
        f"the multiplier of {row.name} is {value:.3g}: multipliers run away, "
        "so that the follower's constraints are degenerate at or near this point"
        for row, value in outcome.multipliers.items()
        if abs(value) > RUNAWAY
    ]
    used = {id(c) for c in problem.duals.values()}
    for follower in problem.followers:
        if any(id(row.origin) in used for row in follower.rows) and not claims.has_unique_multipliers(follower):
            notes.append(
                f"the multipliers of follower '{follower.name}' are not unique here: the leader, who uses them, "
                "has been given the choice (optimistic)"
            )
    return notes


def _values(problem: BilevelProblem) -> dict[str, float]:
    return {v.name: float(v.value) for v in _variables(problem)}


def _variables(problem: BilevelProblem) -> list[Any]:
    return [*problem.leader_variables, *(v for f in problem.followers for v in f.variables)]
