"""Networks that are compared: a base and its variants, each solved, and written as plain data that a journal holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import unfinished_is_interrupted
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.attribution import by_city
from batteryopt.network.plan.earlier import facilities_here
from batteryopt.network.plan.kept import existing_facilities
from batteryopt.network.plan.solution import COLUMNS
from batteryopt.network.solve import solve
from batteryopt.work.journal import Rows
from batteryopt.work.parts import all_parts

FACILITIES = "_facilities"
"""Where a row keeps what stands: site, type, level, period and tonnes of each."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What is solved for one row.

    Attributes
    ----------
    labels
        What tells it from others: columns of its row.
    network
        None where there is none, and `refused` says why.
    objective
        What is minimised (collection: maximised).
    kept
        Facilities that stand, as rows of another plan; "existing" for those of today; None: they are decided.
    """

    labels: Mapping[str, Any]
    network: Network | None
    refused: str = ""
    objective: str = Objective.COST.value
    kept: Sequence[Sequence[Any]] | str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def refused_in_words(error: InvalidInput) -> str:
    """Return why there is no network, as a row says it."""
    return "; ".join(fault.problem for fault in error.faults)


def base_row(title: str, base: Variant) -> dict[str, Any]:
    """Return the row of the variant that others are compared with, or raise `InvalidInput` where it has no plan."""
    (row,) = solve_variant(base)
    if FACILITIES not in row:
        why = row["reason"] or row["stop_reason"]
        raise InvalidInput(title, [Fault(place="base", problem=f"has no plan: {why}", remedy="see solve")])
    return dict(row)


def rows_beside(
    base: Mapping[str, Any],
    variants: Sequence[Variant],
    *,
    on_progress: Callable[[int, int], None],
    **work: Any,
) -> list[dict[str, Any]]:
    """Return the rows of all variants, in their order.

    Parameters
    ----------
    base
        The row of the base, from whose plan the others begin.
    on_progress
        Told how many are done, of how many.
    work
        As in `all_parts`.
    """
    done = all_parts(
        _FromBase(base),
        variants,
        lost=lambda number: [_without(variants[number], StopReason.NUMERICAL_TROUBLE, "a worker died on it twice")],
        on_progress=lambda count: on_progress(count, len(variants)),
        **work,
    )
    return [row for number in sorted(done) for row in done[number]]


class _FromBase:
    """Solves a variant from the plan of the base, where that has the same objective; can be pickled."""

    def __init__(self, base: Mapping[str, Any]) -> None:
        self.base = base

    def __call__(self, variant: Variant) -> Rows:
        return solve_variant(variant, [self.base] if variant.objective == Objective.COST.value else [])


def solve_variant(variant: Variant, begin: Sequence[Mapping[str, Any]] = ()) -> Rows:
    """Return the row of a variant.

    Parameters
    ----------
    begin
        The row of another one, from whose plan the search begins.
    """
    network = variant.network
    if network is None:
        return [_without(variant, StopReason.INFEASIBLE, variant.refused)]
    more: dict[str, Any] = dict(variant.options)
    if variant.kept is not None:
        try:
            kept = (
                existing_facilities(network) if variant.kept == "existing" else facilities_here(network, variant.kept)
            )
        except (InvalidInput, StopIteration):
            kept = None
        if kept is None:
            return [_without(variant, StopReason.INFEASIBLE, "the plan that is kept cannot stand here")]
        more["facilities"] = kept
    first = next((row for row in begin if row.get(FACILITIES)), None)
    if first is not None and variant.kept is None:
        start = facilities_here(network, first[FACILITIES])
        more |= {} if start is None else {"start": start}
    with unfinished_is_interrupted():
        return [_row(variant, solve(network, objective=Objective(variant.objective), **more))]


def _row(variant: Variant, answer: NetworkAnswer) -> dict[str, Any]:
    solution = answer.solution
    row: dict[str, Any] = {
        **variant.labels,
        "objective": answer.objective,
        "bound": answer.run.bound,
        "gap": answer.gap,
        "stop_reason": answer.run.stop_reason.value,
        "point_status": answer.run.point_status.value,
        "certified": answer.certificate.passed if solution is not None else None,
        "reason": answer.reason,
    }
    if solution is None:
        return row
    row |= {"cost": solution.net_present_cost}
    row |= {f"cost_terms.{name}": float(value) for name, value in solution.cost_terms.items()}
    row |= {f"kpis.{name}": float(value) for name, value in solution.kpis.items()}
    regions = {site.name: site.region or site.name for site in solution.network.sites}
    cities = by_city(solution)
    cities = cities.assign(region=cities["site"].map(regions)).groupby("region", sort=False).sum(numeric_only=True)
    return {
        **row,
        FACILITIES: solution.facilities[list(COLUMNS["facilities"])].to_numpy().tolist(),
        "_regions": {
            str(region): [float(v) for v in values]
            for region, values in zip(
                cities.index,
                cities[["returned_t", "collected_t", "net_present_cost"]].to_numpy(),
                strict=True,
            )
        },
    }


def _without(variant: Variant, reason: StopReason, words: str) -> dict[str, Any]:
    return {
        **variant.labels,
        **dict.fromkeys(("objective", "bound", "gap")),
        "stop_reason": reason.value,
        "point_status": PointStatus.NONE.value,
        "certified": None,
        "reason": words,
    }
