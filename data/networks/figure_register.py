"""Figures of the networks that are built here: each once, with unit, year, source, licence and standing."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass, field, fields

WELL_SOURCED, DERIVED, ASSUMPTION = "well sourced", "derived", "assumption"
HERE = "this project"
THIS_YEAR = "2026"
A_FIGURE = "figure"
"""Licence of a single number: none is needed."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number, and why it may be believed."""

    figure: str
    value: float
    unit: str
    year: str
    source: str
    licence: str
    standing: str
    note: str = ""


@dataclass(frozen=True)
class Register:
    """All figures of a builder, in the order in which they are told; each method returns the value that it was told."""

    figures: list[Figure] = field(default_factory=list)

    def told(
        self, figure: str, value: float, unit: str, year: str, source: str, standing: str, note: str = "",
        licence: str = A_FIGURE,
    ) -> float:  # fmt: skip
        """Note a figure of any standing."""
        assert all(figure != other.figure for other in self.figures), f"told twice: {figure}"
        row = Figure(
            figure=figure,
            value=value,
            unit=unit,
            year=year,
            source=source,
            licence=licence,
            standing=standing,
            note=note,
        )
        self.figures.append(row)
        return value

    def known(
        self, figure: str, value: float, unit: str, year: str, source: str, note: str = "", licence: str = A_FIGURE
    ) -> float:
        """Note what a source says."""
        return self.told(figure, value, unit, year, source, WELL_SOURCED, note, licence)

    def derived(self, figure: str, value: float, unit: str, note: str, source: str = HERE) -> float:
        """Note what follows from others; the note says how."""
        return self.told(figure, value, unit, THIS_YEAR, source, DERIVED, note)

    def assumed(self, figure: str, value: float, unit: str, note: str) -> float:
        """Note what nobody is cited for; the note has the range to try."""
        return self.told(figure, value, unit, THIS_YEAR, HERE, ASSUMPTION, note, "as the code")

    def csv(self) -> str:
        """Return every figure as the table `provenance.csv`, numbers to six digits."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in fields(Figure)])
        writer.writerows([f"{x:.6g}" if isinstance(x, float) else x for x in astuple(row)] for row in self.figures)
        return stream.getvalue()
