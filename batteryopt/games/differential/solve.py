"""From an instance to answers, by formula, by optimiser, or by both and compared."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable

from batteryopt.games.differential.answer import DifferentialAnswer, DifferentialResult
from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.judge import check
from batteryopt.games.differential.model import optimizer
from batteryopt.games.differential.model.discrete import OptimizerOptions
from batteryopt.games.differential.solution import Model, NoContract, Solution
from batteryopt.ground.errors import FormulaDoesNotApply, SolverUnavailable, UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.provenance import Route, Run

DEFAULT_MODELS = (Model.INTEGRATED, Model.DECENTRALIZED, Model.CONTRACT)

Announce = Callable[[str], None]


def solve(
    instance: Instance,
    models: Iterable[Model | str] = DEFAULT_MODELS,
    *,
    route: Route | str = "both",
    solver: str | None = None,
    time_limit: float | None = None,
    gap: float | None = None,  # noqa: ARG001 (every family takes it; here there is no branch and bound)
    threads: int | None = None,  # noqa: ARG001 (Ipopt has none)
    options: OptimizerOptions | None = None,
    announce: Announce = lambda _: None,
) -> DifferentialResult:
    """Solve models of an instance.

    Parameters
    ----------
    models
        Names as in `Model`.
    route
        "closed-form", "optimizer" or "both"; with both, the certificates contain the routes' agreement.
    solver
        Nonlinear solver of the optimiser: "ipopt" (by default) or "pounce".
    time_limit
        Seconds for all models together.
    options
        Grid, tolerances and engine of the optimiser; `solver` goes before its solver.
    announce
        Told what is being done, for a progress display.

    Raises
    ------
    SolverUnavailable
        If the solver is not known or not installed.
    """
    wanted = tuple(Model(model) for model in models)
    route = str(route)
    formulas: dict[Model, DifferentialAnswer] = {}
    optima: dict[Model, DifferentialAnswer] = {}
    if route != Route.OPTIMIZER:
        announce("closed forms")
        formulas = {model: by_formula(instance, model) for model in wanted}
    if route != Route.CLOSED_FORM:
        chosen = options or OptimizerOptions()
        chosen = dataclasses.replace(chosen, solver=solver or chosen.solver)
        is_asked_for = solver is not None or options is not None
        optima = _optimized(instance, wanted, chosen, time_limit, announce, is_solver_asked_for=is_asked_for)
    if route == "both":
        optima = {model: _compared(answer, formulas[model]) for model, answer in optima.items()}
        return DifferentialResult(instance=instance, models=optima, closed_form=formulas)
    return DifferentialResult(instance=instance, models=optima or formulas)


def _optimized(
    instance: Instance,
    models: Iterable[Model],
    options: OptimizerOptions,
    time_limit: float | None,
    announce: Announce,
    *,
    is_solver_asked_for: bool,
) -> dict[Model, DifferentialAnswer]:
    """Optimise one model after the other; after an interrupt or the limit the rest is left, what is done is kept.

    Where the solver cannot be used and nobody asked for it, the other route has its answers all the same.
    """
    deadline = None if time_limit is None else time.perf_counter() + time_limit
    optima: dict[Model, DifferentialAnswer] = {}
    is_interrupted = False
    for model in models:
        left = None if deadline is None else deadline - time.perf_counter()
        if is_interrupted or (left is not None and left <= 0):
            optima[model] = _not_finished(model, StopReason.INTERRUPTED if is_interrupted else StopReason.TIME_LIMIT)
            continue
        announce(f"optimising {model.value}")
        apart = optima[Model.DECENTRALIZED].solution if Model.DECENTRALIZED in optima else None
        try:
            optima[model] = by_optimizer(
                instance, model, dataclasses.replace(options, time_limit=left), decentralized=apart
            )
        except KeyboardInterrupt:
            optima[model] = _not_finished(model, StopReason.INTERRUPTED)
        except SolverUnavailable as error:
            if is_solver_asked_for:
                raise
            run = _without_point(Route.OPTIMIZER, "none", StopReason.NUMERICAL_TROUBLE, time.perf_counter())
            optima[model] = DifferentialAnswer(model=model, solution=None, run=run, reason=str(error))
        is_interrupted = optima[model].run.stop_reason is StopReason.INTERRUPTED
    return optima


def by_formula(instance: Instance, model: Model) -> DifferentialAnswer:
    """Return the closed form's answer, or why it has none."""
    begin = time.perf_counter()
    try:
        solution = closed_form.solve(instance, model)
    except (FormulaDoesNotApply, UnsupportedModel) as reason:
        run = _without_point(Route.CLOSED_FORM, "formula", StopReason.CONVERGED, begin)
        return DifferentialAnswer(
            model=model, solution=None, run=run, reason=str(reason), applies=isinstance(reason, NoContract)
        )
    run = Run.of_formula(solution.objective, time.perf_counter() - begin)
    return DifferentialAnswer(model=model, solution=solution, run=run, certificate=check.certify(solution))


def by_optimizer(
    instance: Instance,
    model: Model,
    options: OptimizerOptions | None = None,
    *,
    decentralized: Solution | None = None,
) -> DifferentialAnswer:
    """Return the optimiser's answer, or why it has none.

    Parameters
    ----------
    decentralized
        The optimiser's solution of the game without contract, if it is at hand; a contract needs it.
    """
    begin = time.perf_counter()
    try:
        found = optimizer.solve(instance, model, options, decentralized=decentralized)
    except UnsupportedModel as reason:
        run = _without_point(Route.OPTIMIZER, "none", StopReason.CONVERGED, begin)
        return DifferentialAnswer(
            model=model, solution=None, run=run, reason=str(reason), applies=isinstance(reason, NoContract)
        )
    if found.solution is None:
        return DifferentialAnswer(model=model, solution=None, run=found.run, reason=found.reason)
    certificate = found.certificate + check.certify(found.solution, is_stopped=found.run.stop_reason.is_limit)
    return DifferentialAnswer(model=model, solution=found.solution, run=found.run, certificate=certificate)


def _without_point(route: Route, solver: str, reason: StopReason, begin: float) -> Run:
    return Run(
        route=route,
        solver=solver,
        stop_reason=reason,
        point_status=PointStatus.NONE,
        seconds=time.perf_counter() - begin,
    )


def _not_finished(model: Model, why: StopReason) -> DifferentialAnswer:
    """Return the answer of a model that an interrupt, or a limit, left without one."""
    run = _without_point(Route.OPTIMIZER, "none", why, time.perf_counter())
    words = "interrupted" if why is StopReason.INTERRUPTED else "the time limit, which is for all models, was over"
    return DifferentialAnswer(model=model, solution=None, run=run, reason=f"not finished: {words}")


def _compared(answer: DifferentialAnswer, formula: DifferentialAnswer) -> DifferentialAnswer:
    """Add the agreement of the two routes to the optimiser's certificate."""
    if answer.solution is None or formula.solution is None:
        return answer
    is_stopped = answer.run.stop_reason.is_limit
    agreement = check.agreement(answer.solution, formula.solution, is_stopped=is_stopped)
    return dataclasses.replace(answer, certificate=answer.certificate + agreement)
