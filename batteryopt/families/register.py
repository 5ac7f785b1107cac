"""The register of families, by the `kind` of their instances."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from batteryopt.families.entry import Family
from batteryopt.ground.errors import Fault, InvalidInput, nearest

FAMILIES: Mapping[str, Family] = {
    family.kind: family
    for family in (
        Family(
            kind="coordination",
            summary="manufacturer, retailer and echelon-use enterprise: prices, recycling service, a contract",
            package="batteryopt.games.coordination",
            read="data.instance:read",
            models="solution:Model",
            default_models="solve:DEFAULT_MODELS",
            solve="solve:solve",
            template="template:write_template",
            view="view.sections:VIEW",
            reproduce="paper.reproduce:reproduce",
            drawn=(
                "profits.supply_chain",
                "profits.manufacturer",
                "profits.retailer",
                "profits.echelon_enterprise",
                "decisions.retail_price",
                "decisions.recycling_service",
                "decisions.sales_effort",
                "decisions.wholesale_price",
                "terms.cost_share",
            ),
            left_out=("pareto_region.corners", "pareto_region.non_negative"),
        ),
        Family(
            kind="differential-game",
            summary="manufacturer and retailer over time: prices, green innovation, credits, a contract",
            package="batteryopt.games.differential",
            read="data.instance:read",
            models="solution:Model",
            default_models="solve:DEFAULT_MODELS",
            solve="solve:solve",
            template="template:write_template",
            view="view.sections:VIEW",
            reproduce="paper.reproduce:reproduce",
            drawn=(
                "present_value.supply_chain",
                "present_value.manufacturer",
                "present_value.retailer",
                "steady_state.efficiency",
                "steady_state.innovation",
                "decay_rate",
                "share_range",
            ),
            left_out=("trajectory",),
        ),
        Family(
            kind="network",
            summary="where to put collection and recycling plants, how large, when, and what travels how",
            package="batteryopt.network",
            read="family:read",
            models="family:Model",
            default_models="family:DEFAULT_MODELS",
            solve="family:solve",
            template="tables.template:write_template",
            view="view.sections:VIEW",
            options="family:read_options",
            frontier="studies.compromises:solve_frontier",
            tables="futures.joint_tables:TABLES",
            understand="family:understand",
            change="tables.changed:changed",
            what_if="tables.changed:changes_called",
            files="tables.writer:files_of",
            words_of_key="tables.changed:words_of_key",
            leaves="family:left_to_neighbours",
            takes="family:taken_from_neighbours",
            row_text="family:plan_in_words",
            offered="family:models_of",
            has_formulas=False,
            drawn=(
                "objective",
                "kpis.collection_rate",
                "kpis.collected_t",
                "kpis.emissions_t",
                "kpis.facilities_at_the_end",
                "kpis.cost_per_collected_t",
            ),
            left_out=(
                *("open_facilities", "missed_rules", "conflicts", "opposed", "held", "minimised", "extras"),
                *("first_stage", "scenarios", "root_bound", "root_gap", "currency"),
            ),
        ),
    )
}
"""Every family, in the order in which people meet them."""

ENGINE_VIEW = {"bilevel": "batteryopt.bilevel.view:VIEW"}
"""The engine beneath the games, whose answers are shown like a family's."""


def view_place(kind: str) -> str:
    """Return where the view of a kind's answers stands, as ``module:name``."""
    return ENGINE_VIEW.get(kind) or f"{family_of(kind).package}.{family_of(kind).view}"


def family_of(kind: str, place: str = "kind") -> Family:
    """Return the family of a kind, or raise `InvalidInput` with the nearest kind that there is."""
    if kind in FAMILIES:
        return FAMILIES[kind]
    raise InvalidInput(place, [Fault(place=place, problem=f"'{kind}' is unknown", remedy=nearest(kind, FAMILIES))])


def family_at(path: str | os.PathLike[str]) -> Family:
    """Return the family of the instance at a path: a TOML file, a folder with a ``network.toml``, or a workbook."""
    from batteryopt.tables.spreadsheet import is_workbook
    from batteryopt.tables.toml_input import kind_of

    if is_workbook(path):
        return FAMILIES["network"]

    place = Path(path, "network.toml") if os.path.isdir(path) else Path(path)
    return FAMILIES[kind_of(place, known=FAMILIES)]
