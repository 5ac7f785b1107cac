"""Answers as tables for people: a row a number, a column a model, whatever the family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from batteryopt.report import tables as reported
from batteryopt.report.saved import grouped, numbers_of

NONE = "–"
LONGEST_WORD = 14
"""Letters of a heading that are not broken."""
ROUNDING = 1e-12
"""Share of the money that moves below which a gap is the rounding of sums."""


def print_result(
    console: Console, document: Mapping[str, Any], left_out: tuple[str, ...] = (), summary: RenderableType | None = None
) -> None:
    """Print a result from its JSON: every model's numbers, how they came about, and what is to be said of them.

    A family's own summary, where there is one, takes the place of the numbers.
    """
    if summary is not None:
        console.print(summary)
    models: Mapping[str, Any] = document["models"]
    formulas: Mapping[str, Any] = document.get("closed_form") or {}
    console.print(Text("How it was found" if summary else f"{document['instance']} ({document['kind']})", style="bold"))
    table = _table(models)
    leaves = {name: {} if summary else dict(numbers_of(answer, left_out)) for name, answer in models.items()}
    section = ""
    for key in grouped(key for found in leaves.values() for key in found):
        head, _, rest = key.partition(".")
        if rest and head != section:
            table.add_row(Text(_words(head), style="bold"))
        section = head if rest else ""
        label = f"  {_words(rest)}" if rest else _words(head)
        table.add_row(label, *(number(found.get(key)) for found in leaves.values()))
    table.add_section()
    for label, show in _status_rows(models, formulas):
        table.add_row(label, *(show(name, answer) for name, answer in models.items()))
    console.print(table)
    for line in remarks_of({"": models, " by formula": formulas}):
        console.print(Text(f"• {line}"))


def print_tables(console: Console, tables: Iterable[reported.Table]) -> None:
    """Print tables that a page has as well, each under its caption; nothing of one without rows."""
    for table in tables:
        if not table.rows:
            continue
        console.print(Text(table.caption, style="bold"))
        shown = Table(box=box.SIMPLE_HEAD)
        for column, side in zip(table.columns, table.sides(), strict=True):
            justify: Literal["left", "right"] = "right" if side == "r" else "left"
            longest = max(map(len, column.split()), default=0)
            shown.add_column(column, justify=justify, overflow="fold", min_width=min(longest, LONGEST_WORD))
        for row in table.texts():
            shown.add_row(*map(Text, row))
        console.print(shown)


def number(value: Any) -> str:
    """Return a number, or a list of them, as a person would write it in a table."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        if abs(value) >= 1e5:
            return f"{value:,.0f}"
        return f"{value:.6g}" if value == 0 or abs(value) >= 1e-6 else f"{value:.1e}"
    if isinstance(value, list):
        return _list(value)
    return str(value)


def remarks_of(answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what a reader must know: why there is no answer, and each check that failed."""
    for route, models in answers.items():
        for name, answer in models.items():
            if answer.get("reason"):
                yield f"{name}{route}: {answer['reason']}"
            yield from (f"{name}{route}: {remark}" for remark in answer.get("remarks") or ())
            for conflict in answer.get("conflicts") or ():
                yield f"{name}{route}: conflict: {_breach(conflict)}"
            if opposed := answer.get("opposed"):
                yield f"{name}{route}: in the way: {_first(opposed)}"
            for check in answer["certificate"]:
                if not check["passed"]:
                    yield f"{name}{route}: check {check['name']} FAILED, {_residual(check)}"


def _table(models: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for name in models:
        table.add_column(name.replace("-", "-\n", 1) if len(name) > 14 else name, justify="right", overflow="fold")
    return table


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.1e}"


def _told(answer: Mapping[str, Any], name: str) -> float | None:
    """Return a gap, 0 where it is no more than rounding."""
    part = answer["gap_of_gross"]
    return 0.0 if part is not None and part < ROUNDING else answer[name]


def _status_rows(
    models: Mapping[str, Any], formulas: Mapping[str, Any]
) -> Iterator[tuple[str, Callable[[str, Mapping[str, Any]], str]]]:
    yield "objective", lambda _, answer: number(answer["objective"])
    yield "bound", lambda _, answer: number(answer["bound"])
    yield "gap", lambda _, answer: _share(answer["gap"])
    if any("gross" in answer for answer in models.values()):
        yield "gap in money", lambda _, answer: number(_told(answer, "gap_money"))
        yield "of the money that moves", lambda _, answer: _share(_told(answer, "gap_of_gross"))
    yield "solved by", lambda _, answer: answer["solver"].replace("), ", ")\n")
    yield "stopped", lambda _, answer: answer["stop_reason"]
    yield "point", lambda _, answer: answer["point_status"]
    yield "seconds", lambda _, answer: f"{answer['seconds']:.2f}"
    if formulas:
        yield "formula", lambda name, answer: _agreement(answer, formulas[name])
    yield "checks", lambda _, answer: _verdict(answer["certificate"])


def _agreement(answer: Mapping[str, Any], formula: Mapping[str, Any]) -> str:
    """Say in a word or two whether the formula gives the same."""
    if formula["objective"] is None:
        return "none either" if answer["objective"] is None else "does not apply"
    distances = [c for c in answer["certificate"] if c["name"].startswith("agreement-")]
    if not distances:
        return NONE
    if not all(check["passed"] for check in distances):
        return "DIFFERS"
    return f"same to {max(max(check['residual'] for check in distances), 1e-16):.0e}"


def _verdict(certificate: list[Mapping[str, Any]]) -> str:
    passed = sum(check["passed"] for check in certificate)
    if not certificate:
        return NONE
    return f"{passed} passed" if passed == len(certificate) else f"{len(certificate) - passed} FAILED"


def _residual(check: Mapping[str, Any]) -> str:
    found = "could not be evaluated" if check["residual"] is None else f"residual {check['residual']:.1e}"
    return f"{found}, tolerance {check['tolerance']:.0e}"


def _breach(breach: Mapping[str, Any]) -> str:
    """Return a rule that cannot hold, with its place and by how much it fails."""
    return f"{breach['rule']} ({breach['place']}, {breach['period']}): {number(breach['amount'])} {breach['unit']}"


def _first(rules: list[Mapping[str, Any]], shown: int = 8) -> str:
    """Return rules with their places, the rest by its number."""
    words = [f"{rule['rule']} ({rule['place']}, {rule['period']})" for rule in rules[:shown]]
    return "; ".join([*words, *([f"and {len(rules) - shown} more"] if len(rules) > shown else [])])


def _list(values: list[Any]) -> str:
    if not all(isinstance(value, float | int) for value in values):
        return f"{len(values)} items"
    if len(values) <= 3:
        return f"({', '.join(number(value) for value in values)})"
    return f"{number(min(values))} … {number(max(values))}\n({len(values)} items)"


def _words(key: str) -> str:
    return key.replace("_", " ").replace(".", ": ")
