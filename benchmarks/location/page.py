"""The table of results for the documentation, from the committed file."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.location.measure import RESULTS


def table() -> str:
    """Return the results as Markdown: a row for each case and contestant."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    lines = [
        "| case, goal | contestant | seconds | of the processor | plan, million | bound, million | gap | of gross |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, case in kept.items():
        for contestant, row in case["contestants"].items():
            lines.append(_line(f"`{name}`, {case['goal']} in {case['limit']:.0f} s", contestant, row))
    return "\n".join(lines)


def _line(case: str, contestant: str, row: dict[str, Any]) -> str:
    plan, bound, gross = (row.get(key) for key in ("objective", "bound", "gross"))
    gap = None if plan is None or bound is None else abs(plan - bound)
    cells = [
        case,
        contestant,
        f"{row['seconds']:.1f}",
        f"{row['processor']:.1f}",
        _millions(plan),
        _millions(bound),
        "" if gap is None or not plan else f"{gap / abs(plan):.2%}",
        "" if gap is None or not gross else f"{gap / gross:.2%}",
    ]
    return f"| {' | '.join(cells)} |"


def _millions(value: float | None) -> str:
    return "none" if value is None else f"{value / 1e6:,.2f}"
