"""From what a method found to an answer: polished, judged, and with what its bound rests on in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.judge import claims, diagnose
from batteryopt.bilevel.kkt.active_set import polish
from batteryopt.bilevel.methods import METHODS, MethodOutcome, MethodSettings, method_named
from batteryopt.bilevel.methods.base import BEYOND_TOLERANCES, is_refuted, multipliers_of
from batteryopt.bilevel.methods.bilevel_units import RUNAWAY
from batteryopt.bilevel.methods.restated import LEAST_GAP
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.bilevel.proof.convexity import Conviction
from batteryopt.bilevel.proof.qualification import Qualification
from batteryopt.ground.certificate import Certificate
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import relative_gap

ASKED_FOR = "asked for"
"""Why a method was taken that the user named; what `auto` takes has had its second opinion."""
OTHERS, SECONDS_TO_OBJECT = ("sos1", "branching"), 10.0
"""Who is asked before a problem is called infeasible, and how long."""
AT_LIMIT = 1e-6
"""Relative distance from its limit at which a multiplier counts as being there."""
REFUTED_NOTE = "the solver's point is better than its own bound: it errs on this model, and the bound is left out"


def judged(
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


def draft(
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
