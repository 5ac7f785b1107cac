"""From an instance to answers, by formula, by optimiser, or by both and compared."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable

import numpy as np

from batteryopt import bilevel, solvers
from batteryopt.coordination import check, closed_form
from batteryopt.coordination.answer import Answer, Result, contract_region
from batteryopt.coordination.conflicts import explain_infeasible
from batteryopt.coordination.instance import Instance
from batteryopt.coordination.model import build, solution_of
from batteryopt.coordination.solution import Model, NoCoordinatingContract, Solution
from batteryopt.errors import FormulaDoesNotApply
from batteryopt.run import Route, Run
from batteryopt.solvers import Options
from batteryopt.solvers.interrupt import interrupts_heard
from batteryopt.solvers.natural_units import solve_in_natural_units
from batteryopt.status import PointStatus, StopReason

DEFAULT_MODELS = (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE)
COORDINATION_TOLERANCE = 1e-6
"""A contract coordinates if the chain earns the centralised profit but for this share."""
LARGE = 600
"""Regions and enterprises above this number go to the interior-point solver: an active-set one visits too many."""

Announce = Callable[[str], None]


def solve(
    instance: Instance,
    models: Iterable[Model | str] = DEFAULT_MODELS,
    *,
    route: Route | str = "both",
    solver: str | None = None,
    time_limit: float | None = None,
    gap: float = 1e-6,
    threads: int | None = None,
    announce: Announce = lambda _: None,
) -> Result:
    """Solve models of an instance.

    Parameters
    ----------
    models
        Names as in `Model`.
    route
        "closed-form", "optimizer" or "both"; with both, the certificates contain the routes' agreement.
    solver
        For the optimiser; by default each model's own choice.
    time_limit
        Seconds for all models together.
    announce
        Told what is being done, for a progress display.

    Raises
    ------
    SolverUnavailable
        If the solver is not known or not installed.
    """
    wanted = tuple(Model(model) for model in models)
    route = str(route)
    deadline = None if time_limit is None else time.perf_counter() + time_limit
    formulas: dict[Model, Answer] = {}
    optima: dict[Model, Answer] = {}
    if route != Route.OPTIMIZER:
        announce("closed forms")
        formulas = {model: by_formula(instance, model) for model in wanted}
    if route != Route.CLOSED_FORM:
        options = Options(relative_gap=gap, threads=threads)
        optima = _optimized(instance, wanted, solver, options, deadline, announce)
    formulas, optima = _with_region(formulas, by_formula), _with_region(optima, by_optimizer)
    if route == "both":
        optima = {model: _compared(answer, formulas[model]) for model, answer in optima.items()}
        return Result(instance=instance, models=optima, closed_form=formulas)
    return Result(instance=instance, models=optima or formulas)


def _optimized(
    instance: Instance,
    models: Iterable[Model],
    solver: str | None,
    options: Options,
    deadline: float | None,
    announce: Announce,
) -> dict[Model, Answer]:
    """Optimise one model after the other; after an interrupt the rest is left, and what is done is kept."""
    optima: dict[Model, Answer] = {}
    before = interrupts_heard()
    with contextlib.suppress(KeyboardInterrupt):
        for model in models:
            if interrupts_heard() > before:
                break
            announce(f"optimising {model.value}")
            left = None if deadline is None else max(0.1, deadline - time.perf_counter())
            optima[model] = by_optimizer(instance, model, solver, dataclasses.replace(options, time_limit=left))
    return {model: optima.get(model) or _not_finished(model) for model in models}


def by_formula(instance: Instance, model: Model) -> Answer:
    """Return the closed form's answer, or why it has none."""
    begin = time.perf_counter()
    try:
        solution = closed_form.solve(instance, model)
    except (FormulaDoesNotApply, NoCoordinatingContract) as reason:
        run = Run(
            route=Route.CLOSED_FORM,
            solver="formula",
            stop_reason=StopReason.CONVERGED,
            point_status=PointStatus.NONE,
            seconds=time.perf_counter() - begin,
        )
        applies = isinstance(reason, NoCoordinatingContract)
        return Answer(model=model, solution=None, run=run, reason=str(reason), applies=applies)
    run = Run.of_formula(solution.objective, time.perf_counter() - begin)
    return Answer(model=model, solution=solution, run=run, certificate=check.certify(solution))


def by_optimizer(instance: Instance, model: Model, solver: str | None = None, options: Options | None = None) -> Answer:
    """Return the optimiser's answer, or why it has none."""
    options = options or Options(relative_gap=1e-6)
    if model is Model.CENTRALIZED:
        return _optimize_owner(instance, solver, options)
    pyomo_model = build(instance, model)
    engine = bilevel.solve(
        pyomo_model, solver=solver, time_limit=options.time_limit, gap=options.relative_gap, threads=options.threads
    )
    run = Run(
        route=Route.OPTIMIZER,
        solver=f"{engine.solver} ({engine.method})",
        stop_reason=engine.stop_reason,
        point_status=engine.point_status,
        bound=engine.bound,
        seconds=engine.seconds,
    )
    if not engine.has_point:
        why = "; ".join(engine.notes)
        if engine.stop_reason is StopReason.INFEASIBLE:
            why = explain_infeasible(instance, lambda other: _point_of(other, model, options)) + f" ({why})"
        return Answer(model=model, solution=None, run=run, reason=why)
    solution = solution_of(pyomo_model, instance, model)
    if model is Model.CONTRACT:
        reason = _why_no_contract(instance, solution, solver, options)
        if reason is not None:
            run = dataclasses.replace(run, point_status=PointStatus.NONE, bound=None)
            return Answer(model=model, solution=None, run=run, reason=reason)
    return Answer(model=model, solution=solution, run=run, certificate=check.certify(solution))


def _point_of(instance: Instance, model: Model, options: Options) -> Solution | None:
    """Return the optimiser's point of a model, without certificate."""
    pyomo_model = build(instance, model)
    engine = bilevel.solve(pyomo_model, time_limit=options.time_limit, gap=options.relative_gap)
    return solution_of(pyomo_model, instance, model) if engine.has_point else None


def _optimize_owner(instance: Instance, solver: str | None, options: Options) -> Answer:
    """Solve the centralised model: a concave program, so that a local optimum of an NLP solver is the optimum."""
    pyomo_model = build(instance, Model.CENTRALIZED)
    size = len(pyomo_model.REGIONS) + len(pyomo_model.ENTERPRISES)
    adapter = solvers.get(solver or ("ipopt" if size > LARGE else "highs"))
    report = solve_in_natural_units(adapter, pyomo_model, options)
    run = Run.of_report(report)
    if not report.has_point:
        return Answer(model=Model.CENTRALIZED, solution=None, run=run, reason=report.stop_reason.value)
    solution = solution_of(pyomo_model, instance, Model.CENTRALIZED)
    return Answer(model=Model.CENTRALIZED, solution=solution, run=run, certificate=check.certify(solution))


def _why_no_contract(instance: Instance, best: Solution, solver: str | None, options: Options) -> str | None:
    """Return why the best terms found do not coordinate, or None where they do."""
    central = _optimize_owner(instance, solver, options).solution
    if central is None:
        return "the centralised model has no solution to coordinate towards"
    shortfall = central.objective - best.objective
    if shortfall > COORDINATION_TOLERANCE * max(1.0, abs(central.objective)):
        return (
            f"no contract coordinates: with the best terms (x = {best.cost_share:.6g}) the chain earns "
            f"{best.objective:.6g}, which is {shortfall:.4g} short of the centralised {central.objective:.6g}"
        )
    if max(np.atleast_1d(best.recycling_service)) <= COORDINATION_TOLERANCE:
        return "no contract shares a cost here: no service is given, and wholesale prices alone coordinate the rest"
    if not COORDINATION_TOLERANCE < best.cost_share < 1 - COORDINATION_TOLERANCE:
        return f"no contract coordinates: it would need the cost share x = {best.cost_share:.6g}, outside 0 < x < 1"
    return None


def _not_finished(model: Model) -> Answer:
    """Return the answer of a model that an interrupt left without one."""
    run = Run(
        route=Route.OPTIMIZER,
        solver="none",
        stop_reason=StopReason.INTERRUPTED,
        point_status=PointStatus.NONE,
    )
    return Answer(model=model, solution=None, run=run, reason="not finished: interrupted")


def _with_region(answers: dict[Model, Answer], route: Callable[[Instance, Model], Answer]) -> dict[Model, Answer]:
    """Give the contract its Pareto region, against the same route's decentralised answer."""
    contract = answers.get(Model.CONTRACT)
    if contract is None or contract.solution is None:
        return answers
    before = answers.get(Model.DECENTRALIZED) or route(contract.solution.instance, Model.DECENTRALIZED)
    region = contract_region(contract.solution, before.solution)
    if region is None or before.solution is None:
        return answers
    gains = check.everyone_gains(region, contract=contract.solution, before=before.solution)
    certified = dataclasses.replace(contract, pareto=region, certificate=contract.certificate + gains)
    return {**answers, Model.CONTRACT: certified}


def _compared(answer: Answer, formula: Answer) -> Answer:
    """Add the agreement of the two routes to the optimiser's certificate."""
    if answer.solution is None or formula.solution is None:
        return answer
    agreement = check.agreement(answer.solution, formula.solution)
    return dataclasses.replace(answer, certificate=answer.certificate + agreement)
