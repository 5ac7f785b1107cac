"""The page of a study: the comparison first, then what policies cost and bring, regions, maps and every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from batteryopt.network.studies.policies import template_of
from batteryopt.network.studies.study import BASE, PolicyGrid, Study, at_equal_collection
from batteryopt.network.view.overview import figure_name
from batteryopt.network.view.study_places import maps, regions
from batteryopt.report import page, words
from batteryopt.report.charts import BLUE, COLORS, GREEN, ORANGE, chart, line, points
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, share

SHOWN = ("collection_rate", "collected_t", "emissions_t", "facilities_at_the_end", "cost_per_collected_t")


def sections(study: Study) -> list[Section]:
    """Return the parts of the page."""
    found = [_head(study), Section(title="Side by side", blocks=list(_comparison(study)))]
    if study.plan.policies:
        found.append(Section(title="Policies", blocks=list(_policies(study))))
    if len(set(study.regions["region"])) > 1 and len(set(study.regions["variant"])) > 1:
        found.append(Section(title="Who gains and who loses", blocks=list(regions(study))))
    stands = list(maps(study))
    if stands:
        found.append(Section(title="Where things stand", blocks=[page.charts(stands)]))
    return [*found, Section(title="How sure is this?", blocks=[page.fold("Every solve", [_rows(study)])])]


def _currency(study: Study) -> str:
    return study.plan.network.currency or "money"


def _head(study: Study) -> Section:
    plan = study.plan
    answered = int(study.table["cost"].notna().sum())
    blocks = [
        page.opening("Study of a network", plan.name),
        page.paragraph(plan.network.source or "The network names no source of its numbers.", "soft"),
        page.tiles(
            [
                ("what-ifs", f"{len(plan.what_ifs)}"),
                ("policies", f"{len(plan.policies)}"),
                ("solves with a plan", f"{answered} of {len(study.table)}"),
            ]
        ),
    ]
    for name, changes in plan.what_ifs.items():
        blocks.append(page.paragraph(f"{name}: {'; '.join(map(str, changes))}"))
    return Section(title="", label="Study", blocks=blocks)


def _label(row: dict[Any, Any]) -> str:
    return str(row["variant"]) if row["question"] == "cost" else f"{row['variant']}, {row['question']}"


def _about(study: Study, grid: PolicyGrid) -> str:
    """Return what the rate of a policy is, in the network's money."""
    return template_of(grid.name, grid.target).about.replace("money", _currency(study))


def _comparison(study: Study) -> Iterator[str]:
    """Yield figures and differences of all that is no policy, and the way from the base's cost to each."""
    yield page.table(comparison(study))
    specs = [_waterfall(study, row) for row in _no_policies(study)[1:] if not pd.isna(row["cost"])][:6]
    if specs:
        yield page.charts(specs)


def _no_policies(study: Study) -> list[dict[Any, Any]]:
    return study.table[study.table["policy"] == ""].to_dict(orient="records")


def comparison(study: Study) -> Table:
    """Return figures of all that is no policy, and their difference from the base."""
    currency = _currency(study)
    cells: list[list[Cell]] = []
    for row in _no_policies(study):
        if pd.isna(row["cost"]):
            cells.append([_label(row), None, None, *[None] * len(SHOWN), str(row["reason"] or row["stop_reason"])])
            continue
        figures = (_figure(name, row[f"kpis.{name}"]) for name in SHOWN)
        difference = None if _label(row) == BASE else amount(row["cost_difference"], 4)
        cells.append([_label(row), amount(row["cost"], 5), difference, *figures, _sure(row)])
    names = [figure_name(name, currency) for name in SHOWN]
    columns = ["Variant", f"Net present cost ({currency})", "Against the base", *names, "Held"]
    return Table(caption="Each variant, by what was asked", columns=columns, rows=cells)


def _figure(name: str, value: float) -> Cell:
    if name.endswith("_rate"):
        return share(value)
    return round(value) if name == "facilities_at_the_end" else amount(value, 4)


def _sure(row: dict[Any, Any]) -> str:
    if row["point_status"] == "optimal":
        return "proven"
    return f"within {row['gap']:.1%}" if pd.notna(row["gap"]) else str(row["point_status"])


def _waterfall(study: Study, row: dict[Any, Any]) -> dict[str, Any]:
    """Return how the cost of the base becomes that of a variant, term by term."""
    base = study.table.iloc[0]
    terms = [name for name in map(str, study.table.columns) if name.startswith("cost_terms.")]
    steps = {name: float(row[name] - base[name]) for name in terms}
    most = max((abs(step) for step in steps.values()), default=0.0)
    shown = [name for name in terms if abs(steps[name]) > 1e-6 * max(most, 1e-12)]
    trace = {
        "type": "waterfall",
        "x": [*(words.words(name.partition(".")[2]) for name in shown), "Together"],
        "y": [*(steps[name] for name in shown), 0.0],
        "measure": [*["relative"] * len(shown), "total"],
        "increasing": {"marker": {"color": ORANGE}},
        "decreasing": {"marker": {"color": GREEN}},
        "totals": {"marker": {"color": BLUE}},
        "connector": {"line": {"width": 1}},
        "hovertemplate": "%{x}<br>%{delta:.4~g}<extra></extra>",
    }
    title = f"{_label(row)}: what becomes of the cost"
    return chart(f"waterfall-{_label(row)}", title, [trace], y=_currency(study))


# ---- policies ------------------------------------------------------------------------------------------------------


def _policies(study: Study) -> Iterator[str]:
    table, currency = study.table, _currency(study)
    base = table.iloc[0]
    for grid in study.plan.policies:
        yield page.paragraph(f"{words.words(grid.name)}: {_about(study, grid)}.")
    yield page.charts([*_frontier(study), *_by_rate(study)])
    idle = [words.words(grid.name) for grid, mine in _by_policy(study) if not _moves(mine)]
    if idle:
        yield page.paragraph(f"No rate that was tried changes how much is collected: {', '.join(idle)}.")
    equal = at_equal_collection(table)
    if len(equal):
        rows: list[list[Cell]] = [
            [
                f"{row['collection_rate']:.1%}",
                *(None if pd.isna(row[grid.name]) else amount(row[grid.name], 4) for grid in study.plan.policies),
            ]
            for row in equal.to_dict(orient="records")
        ]
        caption = (
            f"Government money a tonne more collected ({currency}), at equal collection: on straight lines between the "
            f"rates that were tried; the base collects {base['kpis.collection_rate']:.1%}"
        )
        columns = ["Collected", *(words.words(grid.name) for grid in study.plan.policies)]
        yield page.table(Table(caption=caption, columns=columns, rows=rows))
    yield page.table(each_rate(study))


def each_rate(study: Study) -> Table:
    """Return what each rate of each policy collects and costs, against the base."""
    currency = _currency(study)
    cells: list[list[Cell]] = []
    for row in study.table[study.table["policy"] != ""].to_dict(orient="records"):
        if pd.isna(row["cost"]):
            cells.append([words.words(row["policy"]), f"{row['rate']:g}", *[None] * 5, str(row["reason"])])
            continue
        per_tonne = row["government_per_t_more"]
        cells.append(
            [
                words.words(row["policy"]),
                f"{row['rate']:g}",
                share(row["kpis.collection_rate"]),
                amount(row["collected_more_t"], 4),
                amount(row["government_more"], 4),
                None if pd.isna(per_tonne) else amount(per_tonne, 4),
                amount(row["cost_difference"], 4),
                _sure(row),
            ]
        )
    columns = ["Policy", "Rate", "Collected", "More collected (t)", f"Government pays more ({currency})"]
    columns += [f"A tonne more ({currency})", f"Owner's cost, more ({currency})", "Held"]
    return Table(caption="Each rate against the base", columns=columns, rows=cells)


def _by_policy(study: Study) -> Iterator[tuple[PolicyGrid, pd.DataFrame]]:
    for grid in study.plan.policies:
        mine = study.table[(study.table["policy"] == grid.name) & study.table["cost"].notna()]
        if len(mine):
            yield grid, mine.sort_values("rate")


def _moves(mine: pd.DataFrame) -> bool:
    return bool((mine["collected_more_t"] != 0).any())


def _color(study: Study, grid: PolicyGrid) -> str:
    return COLORS[study.plan.policies.index(grid) % len(COLORS)]


def _frontier(study: Study) -> Iterator[dict[str, Any]]:
    traces = [
        line(
            mine["government_more"],
            100 * mine["kpis.collection_rate"],
            words.words(grid.name),
            _color(study, grid),
            mode="lines+markers",
            text=[f"{words.words(grid.name)} {rate:g}" for rate in mine["rate"]],
            hovertemplate="%{text}<br>%{x:.4~g}<br>%{y:.1f} %<extra></extra>",
        )
        for grid, mine in _by_policy(study)
    ]
    base = study.table.iloc[0]
    traces.append(points([0.0], [100 * base["kpis.collection_rate"]], "Base", "#7a7f87"))
    title = "What the government pays, and what is collected"
    x = f"Government money more than in the base ({_currency(study)})"
    yield chart("government", title, traces, x=x, y="Collected (%)", height=420) | {"wide": True}


def _by_rate(study: Study) -> Iterator[dict[str, Any]]:
    """Yield what is collected at each rate, of the policies that move anything."""
    for grid, mine in _by_policy(study):
        if len(mine) > 1 and _moves(mine):
            collected, color = 100 * mine["kpis.collection_rate"], _color(study, grid)
            trace = line(mine["rate"], collected, "", color, mode="lines+markers", showlegend=False)
            title = words.words(grid.name)
            yield chart(f"rate-{grid.name}", title, [trace], x=f"Rate: {_about(study, grid)}", y="Collected (%)")


def _rows(study: Study) -> str:
    rows: list[list[Cell]] = [
        [
            _label(row),
            None if pd.isna(row["objective"]) else amount(row["objective"], 6),
            None if pd.isna(row["bound"]) else amount(row["bound"], 6),
            str(row["stop_reason"]),
            str(row["point_status"]),
            {True: "all checks passed", False: "a check FAILED"}.get(row["certified"], ""),
        ]
        for row in study.table.to_dict(orient="records")
    ]
    columns = ["Variant", "Objective", "Bound", "Stopped", "Held", "Certificate"]
    return page.table(Table(caption="", columns=columns, rows=rows))
