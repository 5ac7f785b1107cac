"""Table 2 of the coordination paper, each figure beside ours, and the paper's faults by number."""

from __future__ import annotations

from collections.abc import Callable

from batteryopt.games.coordination.answer import CoordinationResult
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.paper.contradicted import FAULTS
from batteryopt.games.coordination.paper.drawn_figures import redrawn
from batteryopt.games.coordination.paper.numbered import CONTENTS
from batteryopt.games.coordination.paper.published import TABLE_2, TABLE_2_INSTANCE, TableFigure
from batteryopt.games.coordination.paper.statements import CASES, STATEMENTS
from batteryopt.games.coordination.solution import Model, Solution
from batteryopt.games.coordination.solve import solve
from batteryopt.games.shell.reproduction import Figure, Reproduction, Verdict
from batteryopt.solvers.contract.provenance import Route

PAPER = (
    "Yonglong Wang, Meili Song, Jirong Cai: Research on Coordination Mechanism Design of Closed-Loop Supply Chain "
    "for New Energy Vehicle Power Batteries, Table 2"
)
WORDS = {
    "retail_price": "retail price p",
    "recycling_service": "recycling service e_r",
    "sales_effort": "sales effort e_t",
    "manufacturer": "manufacturer's profit",
    "retailer": "retailer's profit",
    "echelon_enterprise": "echelon enterprise's profit",
    "supply_chain": "chain's profit",
}


def reproduce(announce: Callable[[str], None] = lambda _: None) -> Reproduction:
    """Return every figure of Table 2: printed, by formula, by optimiser; and what else is wrong in the paper."""
    models = tuple(dict.fromkeys(figure.model for figure in TABLE_2))
    result = solve(TABLE_2_INSTANCE, models, route="both", announce=announce)
    parameters = Parameters.of(TABLE_2_INSTANCE)
    return Reproduction(
        kind=TABLE_2_INSTANCE.kind,
        paper=PAPER,
        instance=TABLE_2_INSTANCE.name,
        source=TABLE_2_INSTANCE.source,
        figures=tuple(_figure(published, result) for published in TABLE_2),
        faults=tuple(fault.at(parameters) for fault in FAULTS),
        verdicts=tuple(
            Verdict(
                model=answer.model.value,
                route=answer.run.route.value,
                solver=answer.run.solver,
                certificate=answer.certificate,
            )
            for answer in result.answers
        ),
        statements=tuple(statement.tried(CASES) for statement in STATEMENTS),
        contents=CONTENTS,
        redrawn=redrawn(result),
        notes=_notes(result),
    )


def _figure(published: TableFigure, result: CoordinationResult) -> Figure:
    formula = _value(published, None if result.closed_form is None else result.closed_form[published.model].solution)
    optimizer = _value(published, result[published.model].solution)
    ours = [value for value in (formula, optimizer) if value is not None]
    agrees = len(ours) == 2 and all(published.agrees(value) for value in ours)
    return Figure(
        place=published.model.value,
        quantity=WORDS[published.quantity],
        printed=published.printed,
        formula=formula,
        optimizer=optimizer,
        agrees=agrees,
        reason="" if agrees else _reason(published, ours),
    )


def _value(published: TableFigure, solution: Solution | None) -> float | None:
    return None if solution is None else published.value(solution)


def _reason(published: TableFigure, ours: list[float]) -> str:
    """Say by how much the printed figure is off, if both routes have a figure to compare it with."""
    if len(ours) < 2:
        return "not reproduced: a route has no answer"
    excess = published.printed - ours[0]
    size = f"{abs(excess):.2f} too {'large' if excess > 0 else 'small'}"
    return f"{size}: the row's profits do not add up to the chain's" if published.is_wrong else size


def _notes(result: CoordinationResult) -> tuple[str, ...]:
    """Describe the contract that coordinates, of which the table prints only the profits."""
    contract = result[Model.CONTRACT]
    if contract.solution is None or contract.pareto is None:
        return ()
    region, (k1, k2) = contract.pareto, contract.pareto.nash_bargaining
    corners = ", ".join(f"({one:.2f}, {two:.2f})" for one, two in region.corners)
    route = "optimiser" if contract.run.route is Route.OPTIMIZER else "formula"
    return (
        f"By the {route}, the contract that coordinates has the cost share x = {contract.solution.cost_share:.4f} and "
        f"the wholesale price w = {result.instance.production_cost:g}. All three players gain by it with lump sums "
        f"(K1, K2) inside the triangle {corners}; each gains {region.gain / 3:.2f} at ({k1:.2f}, {k2:.2f}).",
    )
