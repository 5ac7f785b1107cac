"""From an instance to answers: by the formula, by the optimiser, or by both."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from batteryopt import solvers
from batteryopt.solvers import Options
from batteryopt.solvers.contract.provenance import Route, Run
from tests.guide_family.answer import SellerAnswer, SellerResult
from tests.guide_family.data.instance import SellerInstance
from tests.guide_family.formula import closed_form
from tests.guide_family.judge import check
from tests.guide_family.model.build import build
from tests.guide_family.solution import Model, Solution

DEFAULT_MODELS = (Model.MONOPOLY,)


def solve(
    instance: SellerInstance,
    models: Iterable[Model | str] = DEFAULT_MODELS,
    *,
    route: Route | str = "both",
    solver: str | None = None,
    time_limit: float | None = None,
    gap: float = 1e-6,
    threads: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> SellerResult:
    """Return the best price, which is that of the one model there is."""
    announce("seeking the price")
    options = Options(time_limit=time_limit, relative_gap=gap, threads=threads)
    wanted = [Model(model) for model in models]
    by_formula = {model: _by_formula(instance) for model in wanted if str(route) != Route.OPTIMIZER}
    if str(route) == Route.CLOSED_FORM:
        return SellerResult(instance=instance, models=by_formula)
    found = {model: _by_optimizer(instance, solver or "highs", options) for model in wanted}
    return SellerResult(instance=instance, models=found, closed_form=by_formula or None)


def _by_formula(instance: SellerInstance) -> SellerAnswer:
    return _answer(closed_form.solve(instance), Run.of_formula(closed_form.solve(instance).objective, 0.0))


def _by_optimizer(instance: SellerInstance, solver: str, options: Options) -> SellerAnswer:
    model = build(instance)
    report = solvers.get(solver).solve(model, options)
    if not report.has_point:
        return SellerAnswer(model=Model.MONOPOLY, solution=None, run=Run.of_report(report), reason=report.message)
    return _answer(Solution(instance=instance, price=float(model.price.value)), Run.of_report(report))


def _answer(solution: Solution, run: Run) -> SellerAnswer:
    return SellerAnswer(model=Model.MONOPOLY, solution=solution, run=run, certificate=check.certify(solution))
