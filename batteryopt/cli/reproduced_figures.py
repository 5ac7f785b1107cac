"""A paper's figures beside ours, for people."""

from __future__ import annotations

import math

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batteryopt.cli.answer_tables import NONE
from batteryopt.games.shell.reproduction import Figure, PaperFault, Reproduction, Statement, Verdict
from batteryopt.ground.certificate import Check

NO_BREAK = "\N{NO-BREAK SPACE}"


def print_reproduction(console: Console, found: Reproduction) -> None:
    """Print the figures, the paper's other faults, the checks, and one sentence that sums them up."""
    console.print(Text(found.paper, style="bold"))
    console.print(Text(f"Numbers: {found.source}", style="dim"))
    console.print()
    console.print(_figures(found.figures))
    for note in found.notes:
        console.print(Text(note))
    console.print()
    if found.statements:
        console.print(Text("What the paper states, tried by number", style="bold"))
        console.print(_statements(found.statements))
    if found.redrawn:
        console.print(Text("Its figures, drawn anew by --plot", style="bold"))
        console.print(_redrawn(found))
    if found.faults:
        console.print(Text("Where the paper contradicts its own model", style="bold"))
        for position, fault in enumerate(found.faults, start=1):
            console.print()
            console.print(_fault(position, fault))
        console.print()
    console.print(Text("The third opinion: a check that knows neither formula nor optimiser", style="bold"))
    console.print(_verdicts(found.verdicts))
    console.print(_summary(found))


def print_short(console: Console, found: Reproduction) -> None:
    """Print the parts of the paper's table where it errs, or the last one, and the sentence that sums all up."""
    wrong = {figure.place for figure in found.figures if not figure.agrees}
    shown = wrong or {found.figures[-1].place}
    console.print(_figures(tuple(figure for figure in found.figures if figure.place in shown), narrowest=18))
    console.print(_summary(found))


def _figures(figures: tuple[Figure, ...], narrowest: int = 24) -> Table:
    """Return a table whose last column has at least a width; with a smaller one it fits into 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrowest < 24)
    table.add_column("figure")
    for title in ("printed", "formula", "optimiser"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("agrees", min_width=narrowest)
    place = None
    for figure in figures:
        if figure.place != place:
            table.add_section()
            table.add_row(Text(figure.place, style="bold"))
        place = figure.place
        table.add_row(
            f"  {figure.quantity}",
            _printed(figure.printed),
            _value(figure.formula),
            _value(figure.optimizer),
            Text("yes", style="green") if figure.agrees else Text(f"NO, {figure.reason.split(':')[0]}", style="red"),
        )
    return table


def _statements(statements: tuple[Statement, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("place", no_wrap=True)
    table.add_column("statement")
    table.add_column("holds")
    table.add_column("by at least", justify="right", no_wrap=True)
    for statement in statements:
        verdict = Text("yes", style="green") if statement.holds else Text("NO", style="red")
        words = f"{statement.words}: {statement.why}" if statement.why else statement.words
        table.add_row(statement.place, words, verdict, f"{statement.margin:.2g}")
    return table


def _redrawn(found: Reproduction) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for title in ("what it shows", "all holds that the paper says of it"):
        table.add_column(title)
    verdicts = {True: Text("yes", style="green"), False: Text("NO", style="red"), None: Text(NONE)}
    for figure in found.redrawn:
        table.add_row(figure.number, figure.title, verdicts[found.agrees(figure.number)])
    return table


def _fault(position: int, fault: PaperFault) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(f"{position}.", Text(fault.place, style="bold"))
    grid.add_row("", Text(f"printed  {fault.printed}{_number(fault.printed_value)}"))
    grid.add_row("", Text(f"right    {fault.right}{_number(fault.right_value)}"))
    grid.add_row("", Text(fault.why, style="italic"))
    return Padding(grid, (0, 0, 0, 1))


def _verdicts(verdicts: tuple[Verdict, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("model", "route", "by", "checks", "largest residual"):
        table.add_column(title)
    for verdict in sorted(verdicts, key=lambda verdict: [v.model for v in verdicts].index(verdict.model)):
        checks = verdict.certificate.checks
        passed = sum(check.passed for check in checks)
        is_good = verdict.certificate.passed
        table.add_row(
            verdict.model,
            verdict.route,
            verdict.solver,
            Text(f"{passed} of {len(checks)} passed", style="green" if is_good else "red"),
            _largest_residual(verdict),
        )
    return table


def _largest_residual(verdict: Verdict) -> str:
    """Return the residual that is closest to its tolerance, or furthest beyond it."""
    shares = {check: _share(check) for check in verdict.certificate}
    if not shares:
        return NONE
    check = max(shares, key=shares.__getitem__)
    return f"{check.residual:.0e} of {check.tolerance:.0e} allowed"


def _share(check: Check) -> float:
    if math.isnan(check.residual):
        return math.inf
    return check.residual / check.tolerance if check.tolerance > 0 else check.residual


def _summary(found: Reproduction) -> Text:
    count = len(found.figures)
    same = sum(figure.routes_agree for figure in found.figures)
    printed = sum(figure.agrees for figure in found.figures)
    checks = [check for verdict in found.verdicts for check in verdict.certificate]
    passed = sum(check.passed for check in checks)
    is_good = found.routes_agree and found.certified
    return Text(
        f"Formula and optimiser agree on {same} of {count} figures (largest relative difference "
        f"{found.largest_difference:.0e}); {passed} of {len(checks)} checks passed; "
        f"the paper prints {printed} of {count} as its own model gives them.",
        style="bold green" if is_good else "bold red",
    )


def _printed(value: float) -> str:
    """Return a printed number with its own digits, but no more decimals than ours have."""
    text = f"{value:.10g}"
    return _value(value) if len(text.partition(".")[2]) > 4 else text


def _value(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"   [={NO_BREAK}{round(value, 4) + 0.0:.4f}]"  # no minus on what rounds to zero
