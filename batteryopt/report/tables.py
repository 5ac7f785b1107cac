"""Tables of results: once as data, then as HTML for pages, and as Markdown and LaTeX as a paper prints them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from batteryopt.report import latex

Cell: TypeAlias = str | float | None
NONE = "–"
LONG = 40
"""Characters from which a cell is kept wide enough to be read on a phone."""


class Shown(float):
    """A number that is shown in a way of its own.

    Attributes
    ----------
    text
        What people read.
    format
        The same for a spreadsheet.
    """

    text: str
    format: str

    def __new__(cls, value: float, text: str, format: str = "") -> Shown:
        """Return the number, to be shown as `text`."""
        shown = super().__new__(cls, value)
        shown.text, shown.format = text, format
        return shown


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: the first column says what a row is about, the others hold numbers or words.

    Attributes
    ----------
    caption
        What the numbers are, with their unit.
    columns
        Headings.
    rows
        Cells; None where there is nothing.
    digits
        Decimals of numbers; whole ones (`int`) have none.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    digits: int = 2

    def texts(self) -> list[list[str]]:
        """Return the cells as text."""
        return [[self._text(cell) for cell in row] for row in self.rows]

    def _text(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return NONE
        if isinstance(cell, str):
            return cell
        if isinstance(cell, Shown):
            return cell.text
        return number(cell, 0 if isinstance(cell, int) else self.digits)

    def sides(self) -> str:
        """Return a letter a column: l where words stand, r where figures do; the first column has words."""
        columns = [*zip(*self.texts(), strict=True)] or [()] * len(self.columns)
        rest = ["r" if _has_figures(column) else "l" for column in columns[1:]]
        return "".join(["l", *rest])

    def to_html(self) -> str:
        """Return the table for a page; numbers stand right-aligned."""
        kinds = ["" if side == "l" else ' class="number"' for side in self.sides()]
        head = "".join(
            f'<th scope="col"{kind}>{html.escape(column)}</th>'
            for column, kind in zip(self.columns, kinds, strict=True)
        )
        body = "".join(
            f'<tr><th scope="row">{html.escape(first)}</th>{"".join(map(_cell_html, rest, kinds[1:]))}</tr>'
            for first, *rest in self.texts()
        )
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'

    def to_markdown(self) -> str:
        """Return the table in Markdown, with its caption above."""
        lines = [[*self.columns], ["---" if side == "l" else "---:" for side in self.sides()], *self.texts()]
        rows = "\n".join("| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines)
        return f"{html.escape(self.caption, quote=False)}\n\n{rows}\n"

    def to_latex(self) -> str:
        """Return the table in LaTeX, with the rules of booktabs: see `latex.table`."""
        return latex.table(self.caption, self.columns, self.texts(), self.sides())


def _markdown_cell(text: str) -> str:
    """Return a text as a cell that ends where it should, and in which no HTML is understood."""
    return " ".join(html.escape(text, quote=False).replace("|", "\\|").splitlines())


def _has_figures(column: Sequence[str]) -> bool:
    """Return whether a column's cells are short and begin with no letter; empty ones are figures too."""
    return not any(text[:1].isalpha() or len(text) > LONG for text in column)


def number(value: float, digits: int = 2) -> str:
    """Return a number as people read it: groups of thousands, a true minus, no minus on what rounds to zero."""
    text = f"{value:,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def amount(value: float, significant: int = 3) -> str:
    """Return a number with at least some significant digits, large ones in millions or billions."""
    if value == 0 or not math.isfinite(value):
        return number(value, 0) if value == 0 else NONE
    size = abs(value)
    for limit, name in ((1e9, "billion"), (1e6, "million")):
        if size >= limit:
            return f"{number(value / limit, _decimals(value / limit, significant))} {name}"
    return number(value, _decimals(value, significant))


def share(value: float) -> Shown:
    """Return a share, shown in percent."""
    return Shown(value, f"{value:.1%}".replace("-", "\N{MINUS SIGN}"), "0.0%")


def _decimals(value: float, significant: int) -> int:
    return max(0, significant - 1 - math.floor(math.log10(abs(value))))


def _cell_html(text: str, kind: str) -> str:
    kind = kind or (' class="long"' if len(text) > LONG else "")
    return f"<td{kind}>{html.escape(text)}</td>"
