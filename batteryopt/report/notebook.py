"""Answers in notebooks: a small table and a line about each answer, in the notebook's own colours, light or dark."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from batteryopt.report import words
from batteryopt.report.family_view import view_of
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table, amount

ROWS = 24
"""Rows of a table that are shown."""
PROVEN = 1e-6
"""Relative gap above which an optimum is not called proven, as on the page."""
GOOD, BAD = "#1f9d6b", "#d9483b"
"""Legible on white and on black."""
RULE = "1px solid rgba(128,128,128,0.35)"
SOFT = "opacity:0.72"
CELL = "padding:2px 10px;border:0;text-align:"


def html_of(saved: Saved, table: Table | None) -> str:
    """Return the answer as HTML that needs nothing else: styles stand in it, colours are inherited."""
    title = f"<b>{html.escape(saved.name)}</b> " if saved.name else ""
    head = f'<div>{title}<span style="{SOFT}">{html.escape(view_of(saved).noun)}</span></div>'
    lines = "".join(f'<div style="font-size:0.92em">{line}</div>' for line in _lines(saved))
    return f'<div style="max-width:100%;overflow-x:auto">{head}{"" if table is None else _table(table)}{lines}</div>'


def _table(content: Table) -> str:
    texts = content.texts()
    kinds = [
        "left" if all(_is_word(cell) for cell in column) else "right" for column in zip(*content.rows, strict=True)
    ]
    kinds[:1] = ["left"]
    head = _row("th", content.columns, kinds, f"border-bottom:{RULE}")
    body = "".join(_row("td", row, kinds) for row in texts[:ROWS])
    more = len(texts) - ROWS
    rest = f'<div style="{SOFT};font-size:0.92em">… and {more} more rows: table() has all</div>' if more > 0 else ""
    style = "border-collapse:collapse;margin:4px 0;background:transparent;color:inherit;font-size:0.92em"
    caption = f'<div style="{SOFT};font-size:0.92em">{html.escape(content.caption)}</div>'
    return f'{caption}<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>{rest}'


def _is_word(cell: object) -> bool:
    return cell is None or isinstance(cell, str)


def _row(tag: str, cells: Any, kinds: list[str], style: str = "") -> str:
    row = "".join(
        f'<{tag} style="{CELL}{kind};{style}">{html.escape(text)}</{tag}>'
        for text, kind in zip(cells, kinds, strict=True)
    )
    return f'<tr style="background:transparent">{row}</tr>'


# ---- how sure ------------------------------------------------------------------------------------------------------


def _lines(saved: Saved) -> Iterator[str]:
    """Yield a line an answer: what is held, the objective, the gap, and the checks of either route."""
    for name, answer in saved.models.items():
        said = [_held(answer), *_numbers(answer), _checks(answer)]
        formula = saved.closed_form.get(name)
        if formula is not None:
            said.append(f"by formula: {_checks(formula) if formula['certificate'] else 'does not apply'}")
        yield f"<b>{html.escape(words.model(name))}</b>: {'; '.join(part for part in said if part)}"


def _held(answer: Mapping[str, Any]) -> str:
    if answer["objective"] is None:
        reason = answer.get("reason") or "; ".join(answer.get("notes", ())) or answer["stop_reason"]
        return f"no answer, {html.escape(str(reason))}"
    if answer["point_status"] == "optimal" and (answer["gap"] or 0.0) > PROVEN:
        return "optimal within the gap asked for"
    return html.escape(words.STATUS.get(answer["point_status"], answer["point_status"]))


def _numbers(answer: Mapping[str, Any]) -> Iterator[str]:
    if answer["objective"] is None:
        return
    yield f"objective {amount(answer['objective'], 6)}"
    gap = answer["gap"]
    yield "no global bound known" if gap is None else f"gap {_gap(gap)}"


def _gap(gap: float) -> str:
    if gap == 0:
        return "0"
    return f"{gap:.2%}" if gap >= 5e-5 else f"{gap:.0e}"


def _checks(answer: Mapping[str, Any]) -> str:
    checks = answer["certificate"]
    if not checks:
        return ""
    failed = [check["name"] for check in checks if not check["passed"]]
    if failed:
        names = html.escape(", ".join(failed))
        return f'<span style="color:{BAD}">✗ {len(failed)} of {len(checks)} checks FAILED: {names}</span>'
    return f'<span style="color:{GOOD}">✓ {len(checks)} checks passed</span>'
