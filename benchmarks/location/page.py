"""The tables of results for the documentation, from the committed files: made cases, published ones, growth."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.location.growing import ZONES_A_SITE
from benchmarks.location.measure import OURS, RESULTS, Row
from benchmarks.location.published import STRONG_FORM, WITH_ALL_PEERS, is_published


def published_table() -> str:
    """Return the results of published problems as Markdown: a row a case, the strongest peer's time beside ours."""
    lines = [
        "| problem, gap asked for | seconds | of the processor | plan | bound | gap |"
        " HiGHS, strong form: of the processor | gap | times ours |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, case in sorted(_kept("location").items()):
        if is_published(name):
            lines.append(_published_line(name, case))
    return "\n".join(lines)


def _published_line(name: str, case: dict[str, Any]) -> str:
    ours, peer = case["contestants"][OURS], case["contestants"].get(STRONG_FORM[0])
    cells = [
        f"`{name}`, {case['goal'].removeprefix('gap ')}",
        f"{ours['seconds']:.1f}",
        f"{ours['processor']:.1f}",
        f"{ours['objective']:,.0f}",
        f"{ours['bound']:,.0f}",
        _gap(ours),
        *([""] * 3 if peer is None else [f"{peer['processor']:.0f}", _gap(peer), _times(case, ours, peer)]),
    ]
    return f"| {' | '.join(cells)} |"


def _times(case: dict[str, Any], ours: Row, peer: Row) -> str:
    """Return how many times our processor's seconds a peer took: more than that, where it did not get there."""
    if not _is_proven(case, ours):
        return ""
    more = "" if _is_proven(case, peer) else "> "
    return f"{more}{peer['processor'] / ours['processor']:.1f}"


def _is_proven(case: dict[str, Any], row: Row) -> bool:
    plan, bound = row["objective"], row["bound"]
    if plan is None or bound is None:
        return False
    goal = float(case["goal"].removeprefix("gap ").removesuffix("%")) / 100
    return bool(abs(plan - bound) <= goal * abs(plan) * (1 + 1e-6))


def peers_table() -> str:
    """Return as Markdown what every contestant did on the published problems where all took part."""
    lines = [
        "| problem | contestant | limit, s | seconds | of the processor | plan | bound | gap |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, case in sorted(_kept("location").items()):
        if name in WITH_ALL_PEERS and len(case["contestants"]) > 1:
            lines += [_peers_line(name, case["limit"], *item) for item in case["contestants"].items()]
    return "\n".join(lines)


def _peers_line(name: str, limit: float, contestant: str, row: Row) -> str:
    whole = ["none" if row[key] is None else f"{row[key]:,.0f}" for key in ("objective", "bound")]
    seconds = [f"{value:.0f}" for value in (row.get("limit", limit), row["seconds"], row["processor"])]
    return f"| `{name}` | {contestant} | {' | '.join([*seconds, *whole, _gap(row)])} |"


def _gap(row: dict[str, Any]) -> str:
    plan, bound = row["objective"], row["bound"]
    return "no plan" if plan is None or bound is None else f"{abs(plan - bound) / abs(plan):.2%}"


def table() -> str:
    """Return the results of made cases as Markdown: a row for each case and contestant."""
    kept = {name: case for name, case in _kept("location").items() if not is_published(name)}
    lines = [
        "| case, goal | contestant | seconds | of the processor | plan, million | bound, million | gap | of gross |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, case in kept.items():
        for contestant, row in case["contestants"].items():
            lines.append(_line(f"`{name}`, {case['goal']} in {case['limit']:.0f} s", contestant, row))
    return "\n".join(lines)


def _kept(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def growth() -> str:
    """Return as Markdown how time, memory and gap grow with the number of places: a row a size and contestant."""
    lines = [
        "| places, sites | contestant | limit, s | seconds | of the processor | memory, GB | plan, million |"
        " bound, million | gap | of gross |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    by_size = {int(name.partition("-")[2]): case for name, case in _kept("growing").items()}
    for zones, case in sorted(by_size.items()):
        for contestant, row in case["contestants"].items():
            lines.append(_of_size(zones, case["limit"], contestant, row))
    return "\n".join(lines)


def _of_size(zones: int, limit: float, contestant: str, row: dict[str, Any]) -> str:
    cells = [
        f"{zones:,}, {max(4, zones // ZONES_A_SITE):,}",
        contestant,
        f"{limit:.0f}",
        f"{row['seconds']:.1f}",
        f"{row['processor']:.1f}",
        f"{row['memory_mb'] / 1024:.2f}",
        *_money(row),
    ]
    return f"| {' | '.join(cells)} |"


def _line(case: str, contestant: str, row: dict[str, Any]) -> str:
    cells = [case, contestant, f"{row['seconds']:.1f}", f"{row['processor']:.1f}", *_money(row)]
    return f"| {' | '.join(cells)} |"


def _money(row: dict[str, Any]) -> list[str]:
    """Return plan and bound, and the gap between them, of the plan and of the gross money."""
    plan, bound, gross = (row.get(key) for key in ("objective", "bound", "gross"))
    gap = None if plan is None or bound is None else abs(plan - bound)
    return [
        _millions(plan),
        _millions(bound),
        "" if gap is None or not plan else f"{gap / abs(plan):.2%}",
        "" if gap is None or not gross else f"{gap / gross:.2%}",
    ]


def _millions(value: float | None) -> str:
    return "none" if value is None else f"{value / 1e6:,.2f}"
