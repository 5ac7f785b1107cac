"""Every figure and formula of the differential-game paper beside ours, by formula and by optimiser."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from batteryopt.games.differential.answer import DifferentialAnswer
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.model import optimizer
from batteryopt.games.differential.model.discrete import OptimizerOptions
from batteryopt.games.differential.paper.contradicted import FAULTS
from batteryopt.games.differential.paper.drawn_figures import redrawn
from batteryopt.games.differential.paper.numbered import CONTENTS
from batteryopt.games.differential.paper.printed_formulas import Symbols
from batteryopt.games.differential.paper.published import (
    BASE_CASE,
    FIGURES,
    FORMULAS,
    SECOND_CASE,
    TIME,
    PrintedFigure,
    PrintedFormula,
)
from batteryopt.games.differential.paper.statements import STATEMENTS
from batteryopt.games.differential.solution import Model, Solution, demands
from batteryopt.games.differential.solve import solve
from batteryopt.games.shell.reproduction import Figure, Reproduction, Verdict

PAPER = (
    "Lili Zhao, Jizi Li, Xiuli Bao: Dynamic optimization and coordination of the new energy vehicle supply chain based "
    "on credit trading and green innovation, Scientific Reports 2025"
)
FORMULA_TOLERANCE = 1e-9
"""A printed formula agrees if it gives our formula's number to this relative difference, and ..."""
OPTIMIZER_TOLERANCE = 1e-6
"""... the optimiser's to this one."""
_NO_EFFICIENCY_COST = 1e-9
_COARSE = OptimizerOptions(mesh_tolerance=1e-5)
"""Present values, which is all that value coefficients need, are exact long before the paths are."""

Numbers = Mapping[str, float]


def reproduce(announce: Callable[[str], None] = lambda _: None) -> Reproduction:
    """Return every figure and formula: printed, by formula, by optimiser; and what else is wrong in the paper."""
    base = solve(BASE_CASE, route="both", announce=announce)
    second = solve(SECOND_CASE, (Model.INTEGRATED, Model.DECENTRALIZED), route="both", announce=announce)
    announce("value coefficients by optimiser")
    ours = {
        case.name: (by_formula(case, _solutions(result.closed_form)), by_optimizer(case, _solutions(result.models)))
        for case, result in ((BASE_CASE, base), (SECOND_CASE, second))
    }
    figures = [_figure(published, *ours[BASE_CASE.name]) for published in FIGURES]
    for case in (BASE_CASE, SECOND_CASE):
        figures += [_formula(published, case, *ours[case.name]) for published in FORMULAS]
    return Reproduction(
        kind=BASE_CASE.kind,
        paper=PAPER,
        instance=BASE_CASE.name,
        source=BASE_CASE.source,
        figures=tuple(figures),
        faults=tuple(fault.at(BASE_CASE) for fault in FAULTS),
        verdicts=tuple(
            Verdict(
                model=f"{answer.model.value}, {result.instance.name}",
                route=answer.run.route.value,
                solver=answer.run.solver,
                certificate=answer.certificate,
            )
            for result in (base, second)
            for answer in result.answers
        ),
        statements=tuple(statement.tried((BASE_CASE, SECOND_CASE)) for statement in STATEMENTS),
        contents=CONTENTS,
        redrawn=redrawn(_solutions(base.models)),
        notes=(
            "Formulas are tried at the base case and at a second case of ours, where no factor is 1; values of time "
            f"belong to t = {TIME:g} months, the time at which the printed integrated prices are reproduced.",
            f"The optimiser's value coefficients are fitted to present values from three starts, its xi to its decay "
            f"rate, and its limits of Corollaries 1 and 2 are solved with c0 = {_NO_EFFICIENCY_COST:g}.",
        ),
    )


def _solutions(answers: Mapping[Model, DifferentialAnswer] | None) -> dict[Model, Solution]:
    return {model: answer.solution for model, answer in (answers or {}).items() if answer.solution is not None}


def by_formula(instance: DifferentialGameInstance, solutions: Mapping[Model, Solution]) -> dict[str, float]:
    """Return our formula's numbers by key, for an instance and its solutions by formula."""
    scalars = instance.scalars()
    apart, together = (pair_equilibrium(model, **scalars) for model in (Model.DECENTRALIZED, Model.INTEGRATED))
    found = numbers(solutions)
    for letter, value in (("A", apart.leader), ("B", apart.retailer), ("M", together.leader)):
        found |= {f"{letter}1": float(value.first), f"{letter}2": float(value.second), f"{letter}3": float(value.third)}
    for name, model, equilibrium in (("D", Model.DECENTRALIZED, apart), ("I", Model.INTEGRATED, together)):
        limit = pair_equilibrium(model, **{**scalars, "efficiency_unit_cost": 0.0})
        found[f"xi_{name}"] = float(equilibrium.xi)
        found[f"m_{name}(inf), c0 = 0"] = float(limit.steady_efficiency)
    return found


def by_optimizer(instance: DifferentialGameInstance, solutions: Mapping[Model, Solution]) -> dict[str, float]:
    """Return the optimiser's numbers by key, for an instance and its numerical solutions; no formula is used."""
    found = numbers(solutions)
    found |= _fitted_coefficients(instance)
    kb = instance.innovation_cost * (instance.price_sensitivity - instance.cross_price_sensitivity)
    for name, model in (("D", Model.DECENTRALIZED), ("I", Model.INTEGRATED)):
        found[f"xi_{name}"] = kb * (2 * found[f"Q_{name}"] + instance.discount_rate)
        limit = optimizer.solve(instance.replace(efficiency_unit_cost=_NO_EFFICIENCY_COST), model).solution
        found[f"m_{name}(inf), c0 = 0"] = _steady_efficiency(limit)
    return found


def _fitted_coefficients(instance: DifferentialGameInstance) -> dict[str, float]:
    """Return the coefficients of the quadratics through present values from m0 times 0, 1 and 2."""
    start = instance.initial_efficiency
    starts = np.array([0.0, start, 2.0 * start])
    values = []
    for efficiency in starts:
        moved = instance.replace(initial_efficiency=float(efficiency))
        apart = optimizer.solve(moved, Model.DECENTRALIZED, _COARSE).solution
        together = optimizer.solve(moved, Model.INTEGRATED, _COARSE).solution
        if apart is None or together is None:
            return dict.fromkeys((f"{letter}{n}" for letter in "ABM" for n in (1, 2, 3)), math.nan)
        values.append([apart.present_value.manufacturer, apart.present_value.retailer, together.objective])
    coefficients = np.linalg.solve(np.vander(starts, 3), np.array(values))
    return {f"{letter}{n + 1}": float(coefficients[n, column]) for column, letter in enumerate("ABM") for n in range(3)}


def numbers(solutions: Mapping[Model, Solution]) -> dict[str, float]:
    """Return a route's numbers by key: ``p1_D(t)`` is vehicle 1's decentralised price at t = `TIME`, and so on."""
    found: dict[str, float] = {}
    for name, model in (("D", Model.DECENTRALIZED), ("I", Model.INTEGRATED)):
        solution = solutions[model]
        at = solution.trajectory.at(np.array([0.0, TIME, np.inf]))
        sold = demands(solution.game, at)
        for k, when in enumerate(("0", "t", "inf")):
            found |= {f"m_{name}({when})": at.efficiency[k, 0], f"g_{name}({when})": at.innovation[k, 0]}
            for i in (0, 1):
                found |= {f"p{i + 1}_{name}({when})": at.prices[k, i], f"D{i + 1}_{name}({when})": sold[k, i]}
                if at.wholesale_prices is not None:
                    found[f"w{i + 1}_{name}({when})"] = at.wholesale_prices[k, i]
        found[f"J_{name}"] = solution.present_value.supply_chain
        found[f"Q_{name}"] = math.nan if solution.decay_rate is None else solution.decay_rate[0]
    found["profit_increase"] = 100 * (found["J_I"] / found["J_D"] - 1)
    for i in (1, 2):
        found[f"price_fall_{i}"] = 100 * (1 - found[f"p{i}_I(t)"] / found[f"p{i}_D(t)"])
        found[f"demand_rise_{i}"] = 100 * (found[f"D{i}_I(t)"] / found[f"D{i}_D(t)"] - 1)
    contract = solutions.get(Model.CONTRACT)
    if contract is not None and contract.share_range is not None:
        found["share_low"], found["share_high"] = contract.share_range
    return {key: float(value) for key, value in found.items()}


def _steady_efficiency(solution: Solution | None) -> float:
    return (
        math.nan if solution is None or solution.steady_state is None else float(solution.steady_state.efficiency[0, 0])
    )


def _figure(published: PrintedFigure, formula: Numbers, optimum: Numbers) -> Figure:
    ours = formula[published.key], optimum[published.key]
    agrees = all(published.agrees(value) for value in ours)
    return Figure(
        place=published.place,
        quantity=published.quantity,
        printed=published.printed,
        formula=ours[0],
        optimizer=ours[1],
        agrees=agrees,
        reason="" if agrees else published.reason,
        about=(published.about,),
    )


def _formula(published: PrintedFormula, case: DifferentialGameInstance, formula: Numbers, optimum: Numbers) -> Figure:
    value = published.value(Symbols.of(case))
    ours = formula[published.key], optimum[published.key]
    agrees = all(
        abs(value - number) <= tolerance * max(1.0, abs(value))
        for number, tolerance in zip(ours, (FORMULA_TOLERANCE, OPTIMIZER_TOLERANCE), strict=True)
    )
    return Figure(
        place=f"formulas, {case.name}",
        quantity=f"{published.place}: {published.key}",
        printed=value,
        formula=ours[0],
        optimizer=ours[1],
        agrees=agrees,
        reason="" if agrees else published.reason,
    )
