"""From an instance to answers, by formula, by optimiser, or by both and compared."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable

from batteryopt.games.coordination.answer import CoordinationAnswer, CoordinationResult, contract_region
from batteryopt.games.coordination.coordinates import why_no_contract
from batteryopt.games.coordination.data.instance import Instance
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.judge import check
from batteryopt.games.coordination.model.conflicts import explain_infeasible
from batteryopt.games.coordination.model.optimizer import Optimum, optimize
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract
from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import FormulaDoesNotApply, SolverUnavailable
from batteryopt.ground.interrupt import interrupts_heard
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.contract.provenance import Route, Run

DEFAULT_MODELS = (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE)

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
) -> CoordinationResult:
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
    formulas: dict[Model, CoordinationAnswer] = {}
    optima: dict[Model, CoordinationAnswer] = {}
    if route != Route.OPTIMIZER:
        announce("closed forms")
        formulas = {model: by_formula(instance, model) for model in wanted}
    if route != Route.CLOSED_FORM:
        options = Options(relative_gap=gap, threads=threads)
        optima = _optimized(instance, wanted, solver, options, deadline, announce)
    formulas, optima = _with_region(formulas, by_formula), _with_region(optima, by_optimizer)
    if route == "both":
        optima = {model: _compared(answer, formulas[model]) for model, answer in optima.items()}
        return CoordinationResult(instance=instance, models=optima, closed_form=formulas)
    return CoordinationResult(instance=instance, models=optima or formulas)


def _optimized(
    instance: Instance,
    models: Iterable[Model],
    solver: str | None,
    options: Options,
    deadline: float | None,
    announce: Announce,
) -> dict[Model, CoordinationAnswer]:
    """Optimise one model after the other; after an interrupt or the limit the rest is left, what is done is kept."""
    optima: dict[Model, CoordinationAnswer] = {}
    missing, before = StopReason.INTERRUPTED, interrupts_heard()
    with contextlib.suppress(KeyboardInterrupt):
        for model in models:
            if interrupts_heard() > before:
                break
            left = None if deadline is None else deadline - time.perf_counter()
            if left is not None and left <= 0:
                missing = StopReason.TIME_LIMIT
                break
            announce(f"optimising {model.value}")
            optima[model] = by_optimizer(instance, model, solver, dataclasses.replace(options, time_limit=left))
    return {model: optima.get(model) or _not_finished(model, missing) for model in models}


def by_formula(instance: Instance, model: Model) -> CoordinationAnswer:
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
        return CoordinationAnswer(model=model, solution=None, run=run, reason=str(reason), applies=applies)
    run = Run.of_formula(solution.objective, time.perf_counter() - begin)
    return CoordinationAnswer(model=model, solution=solution, run=run, certificate=check.certify(solution))


def by_optimizer(
    instance: Instance, model: Model, solver: str | None = None, options: Options | None = None
) -> CoordinationAnswer:
    """Return the optimiser's answer, or why it has none; the time limit is for all that it takes."""
    options = options or Options(relative_gap=1e-6)
    begin = time.perf_counter()
    try:
        found = optimize(instance, model, solver, options)
    except SolverUnavailable as error:
        if solver is not None:
            raise
        return _without_a_solver(model, error)  # the other route has its answers all the same
    left = options.after(time.perf_counter() - begin)
    if found.solution is None:
        reason = found.reason or found.run.stop_reason.value
        if found.run.stop_reason is StopReason.INFEASIBLE and model is not Model.CENTRALIZED:
            clauses = explain_infeasible(instance, lambda other: optimize(other, model, None, left).solution)
            reason = f"{clauses} ({reason})"
        return CoordinationAnswer(model=model, solution=None, run=found.run, reason=reason)
    certificate = check.certify(found.solution)
    if model is Model.CONTRACT:
        central = optimize(instance, Model.CENTRALIZED, solver, left)
        return _coordinating(found, central, certificate)
    return CoordinationAnswer(model=model, solution=found.solution, run=found.run, certificate=certificate)


def _without_a_solver(model: Model, error: SolverUnavailable) -> CoordinationAnswer:
    run = Run(
        route=Route.OPTIMIZER,
        solver="none",
        stop_reason=StopReason.NUMERICAL_TROUBLE,
        point_status=PointStatus.NONE,
    )
    return CoordinationAnswer(model=model, solution=None, run=run, reason=str(error))


def _coordinating(found: Optimum, central: Optimum, certificate: Certificate) -> CoordinationAnswer:
    """Return the contract with the best terms if it coordinates, or why none does.

    A limit that stopped either search leaves both open: nothing is denied then, nor claimed.
    """
    stopped = next((one.run.stop_reason for one in (found, central) if one.run.stop_reason.is_limit), None)
    none = why_no_contract(found, central, certificate)
    run = found.run if stopped is None else dataclasses.replace(found.run, stop_reason=stopped)
    if none is None:
        if stopped is not None:
            run = dataclasses.replace(run, point_status=PointStatus.FEASIBLE)
        return CoordinationAnswer(model=Model.CONTRACT, solution=found.solution, run=run, certificate=certificate)
    # the bound of a stopped search is still one
    run = dataclasses.replace(run, point_status=PointStatus.NONE, bound=None if stopped is None else run.bound)
    words = "" if stopped is None else "stopped by a limit before terms that coordinate were found; so far: "
    return CoordinationAnswer(model=Model.CONTRACT, solution=None, run=run, reason=words + none)


def _not_finished(model: Model, why: StopReason) -> CoordinationAnswer:
    """Return the answer of a model that an interrupt, or a limit, left without one."""
    run = Run(route=Route.OPTIMIZER, solver="none", stop_reason=why, point_status=PointStatus.NONE)
    words = "interrupted" if why is StopReason.INTERRUPTED else "the time limit, which is for all models, was over"
    return CoordinationAnswer(model=model, solution=None, run=run, reason=f"not finished: {words}")


def _with_region(
    answers: dict[Model, CoordinationAnswer], route: Callable[[Instance, Model], CoordinationAnswer]
) -> dict[Model, CoordinationAnswer]:
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


def _compared(answer: CoordinationAnswer, formula: CoordinationAnswer) -> CoordinationAnswer:
    """Add the agreement of the two routes to the optimiser's certificate."""
    if answer.solution is None or formula.solution is None:
        return answer
    agreement = check.agreement(answer.solution, formula.solution)
    return dataclasses.replace(answer, certificate=answer.certificate + agreement)
