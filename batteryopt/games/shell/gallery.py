"""A paper's redrawn figures as files in a folder, or as a page beside what the paper prints."""

from __future__ import annotations

import base64
import html
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from batteryopt.games.shell.drawings import charts_of
from batteryopt.games.shell.redrawn import RedrawnFigure
from batteryopt.games.shell.reproduction import Figure, FigureClaim, Reproduction
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_text, write_atomically
from batteryopt.ground.marks import foreign_file_faults
from batteryopt.ground.owned import OwnedFolder
from batteryopt.report import page
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Shown, Table, number

PLACE = "--plot"
PAGE_ENDING = ".html"
PICTURES = ("png", "svg")
_YES, _NO = "yes", "NO"
DIGITS = 4


def refuse(path: Path, *, overwrite: bool = False) -> None:
    """Raise `InvalidInput` where neither a page nor a folder can be written, before anything is solved."""
    faults = []
    is_page = _is_page(path)
    if is_page:
        faults += foreign_file_faults(PLACE, path, overwrite=overwrite)
    elif path.suffix.lower() in (".png", ".svg", ".pdf", ".csv", ".xlsx", ".htm"):
        remedy = f"give a folder, or a page that ends with {PAGE_ENDING}"
        faults.append(Fault(place=PLACE, problem=f"'{path}' is neither a folder nor a page", remedy=remedy))
    elif path.exists() and not path.is_dir():
        faults.append(Fault(place=PLACE, problem=f"'{path}' is a file", remedy="give a folder"))
    library = "plotly" if is_page else "matplotlib"
    if importlib.util.find_spec(library) is None:
        faults.append(
            Fault(place=PLACE, problem=f"{library} is not installed", remedy="pip install 'batteryopt[plot]'")
        )
    if faults:
        raise InvalidInput("command line", faults)


def write(found: Mapping[str, Reproduction], path: Path, *, overwrite: bool = False) -> str:
    """Write the page, or a folder of pictures and tables, one within it for each of several papers; say what was."""
    if _is_page(path):
        write_atomically(path, page_of(found))
        return f"wrote {path}"
    contents: dict[str, bytes] = {}
    for kind, reproduction in found.items():
        prefix = f"{kind}/" if len(found) > 1 else ""
        contents |= {f"{prefix}{name}": data for name, data in files_of(reproduction)}
    OwnedFolder(path, place=PLACE).put(contents, overwrite=overwrite)
    return f"wrote {len(contents)} files into {path}"


def files_of(reproduction: Reproduction) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each picture and table."""
    from batteryopt.report import figures

    for figure in reproduction.redrawn:
        specs = charts_of(figure)
        for ending in PICTURES:
            yield f"{figure.file_name}.{ending}", figures.sheet(specs, ending)
        yield f"{figure.file_name}.csv", csv_text(figure.frame).encode()


def page_of(found: Mapping[str, Reproduction]) -> str:
    """Return one page about some papers."""
    sections = [section for reproduction in found.values() for section in sections_of(reproduction)]
    title = next(iter(found.values())).paper if len(found) == 1 else "Papers reproduced"
    return page.document(title, sections, page.plotly_source())


# ---- the page --------------------------------------------------------------------------------------------------------


def sections_of(reproduction: Reproduction) -> list[Section]:
    """Return the sections of a paper: its drawn figures first, then all else that is printed in it."""
    drawn = [_figure_section(reproduction, figure) for figure in reproduction.redrawn]
    tables = [
        ("Numbers and formulas, printed beside ours", _numbers(reproduction.figures)),
        ("What the paper states", _statements(reproduction)),
        ("Where the paper contradicts its own model", _faults(reproduction)),
        ("Everything numbered in the paper", _contents(reproduction)),
        ("How sure is this?", _verdicts(reproduction)),
    ]
    rest = [Section(title=title, blocks=[page.table(table)]) for title, table in tables if table.rows]
    return [_opening(reproduction), *drawn, *rest]


def _opening(found: Reproduction) -> Section:
    numbers, drawn = found.figures, found.redrawn
    agreeing = [figure for figure in drawn if found.agrees(figure.number)]
    judged = [figure for figure in drawn if found.agrees(figure.number) is not None]
    tiles = [
        ("drawn figures of which all holds that the paper says", f"{len(agreeing)} of {len(judged)}"),
        ("numbers and formulas as its own model gives them", f"{sum(n.agrees for n in numbers)} of {len(numbers)}"),
        ("on which formula and optimiser agree", f"{sum(n.routes_agree for n in numbers)} of {len(numbers)}"),
        ("statements that hold", f"{sum(s.holds for s in found.statements)} of {len(found.statements)}"),
        ("places where it contradicts its model", str(len(found.faults))),
    ]
    name = found.paper.partition(":")[2].strip() or found.paper
    blocks = [
        page.opening(found.paper.partition(":")[0], name),
        page.paragraph(f"Numbers from: {found.source}", "soft"),
        page.tiles(tiles),
        *(page.paragraph(note) for note in found.notes),
    ]
    return Section(title="", label=name, blocks=blocks)


def _figure_section(found: Reproduction, figure: RedrawnFigure) -> Section:
    """Return a drawn figure beside what the paper says of it; of several panels the words stand below."""
    specs = charts_of(figure)
    claims = found.claims(figure.number)
    words = [page.paragraph(f"The paper: {figure.printed}"), _claims(claims)]
    words += [page.paragraph(figure.note, "note")] if figure.note else []
    words.append(_download(figure))
    beside = f'<div class="beside">{"".join(words)}</div>'
    drawn = "".join(page.figure({**spec, "title": _without_number(figure, spec["title"])}) for spec in specs)
    if len(specs) == 1:
        blocks = [f'<div class="charts said">{drawn}{beside}</div>\n']
    else:
        blocks = [f'<div class="charts">{drawn}</div>\n', beside]
    return Section(title=f"{figure.number}: {figure.title}", blocks=blocks)


def _claims(claims: list[FigureClaim]) -> str:
    """Return what the paper says of a figure, line by line, and whether it is so."""
    if not claims:
        return page.paragraph("It prints nothing there that could agree or not.", "soft")
    return f'<ul class="claims">{"".join(map(_claim, claims))}</ul>\n'


def _claim(claim: FigureClaim) -> str:
    kind, verdict = ("ok", "agrees") if claim.agrees else ("fail", "does not agree")
    why = f" ({html.escape(claim.why)})" if claim.why else ""
    ours = f'<br><span class="soft">Ours: {html.escape(claim.ours)}{why}</span>'
    return f'<li><b class="{kind}">{verdict}</b> {html.escape(claim.printed)}{ours}</li>'


def _without_number(figure: RedrawnFigure, title: str) -> str:
    """Return a chart's title without what the section's says already."""
    short = title.removeprefix(f"{figure.number}: ")
    return short[:1].upper() + short[1:]


def _download(figure: RedrawnFigure) -> str:
    """Return a link that saves the data, which stand in the page."""
    data = base64.b64encode(csv_text(figure.frame).encode()).decode()
    name, count = f"{figure.file_name}.csv", len(figure.frame)
    link = f'<a download="{html.escape(name)}" href="data:text/csv;charset=utf-8;base64,{data}">{html.escape(name)}</a>'
    return f"<p>The data: {link} ({count} rows)</p>\n"


def _numbers(figures: tuple[Figure, ...]) -> Table:
    rows: list[list[Cell]] = [
        [
            f"{n.place}: {n.quantity}",
            _as_printed(n.printed),
            n.formula,
            n.optimizer,
            _YES if n.agrees else _NO,
            n.reason,
        ]
        for n in figures
    ]
    columns = ["Place", "Printed", "By formula", "By optimiser", "Agrees", "Why not"]
    return Table(caption="", columns=columns, rows=rows, digits=DIGITS)


def _as_printed(value: float) -> Shown:
    """Return a printed number with its own digits, but no more decimals than ours have."""
    decimals = len(f"{value:.10g}".partition(".")[2])
    return Shown(value, number(value, min(decimals, DIGITS)))


def _statements(found: Reproduction) -> Table:
    rows: list[list[Cell]] = [
        [statement.place, statement.words, _YES if statement.holds else _NO, statement.why]
        for statement in found.statements
    ]
    return Table(caption="", columns=["Place", "Statement", "Holds", "Why not"], rows=rows)


def _faults(found: Reproduction) -> Table:
    rows: list[list[Cell]] = [[f.place, f.printed_words, f.right_words, f.why] for f in found.faults]
    return Table(caption="", columns=["Place", "Printed", "Right", "How one sees it"], rows=rows)


def contents_rows(found: Reproduction) -> list[list[Cell]]:
    """Return everything numbered, what it is, where it is reproduced or judged, and whether it is as printed."""
    verdicts = {True: _YES, False: _NO, None: ""}
    return [
        [item.label, item.words, "; ".join(item.places), verdicts[found.contents.is_as_printed(item)]]
        for item in found.contents.items
    ]


def _contents(found: Reproduction) -> Table:
    columns = ["Number", "What it is", "Where it is reproduced or judged", "As printed"]
    return Table(caption="", columns=columns, rows=contents_rows(found))


def _verdicts(found: Reproduction) -> Table:
    rows: list[list[Cell]] = []
    for verdict in found.verdicts:
        checks = verdict.certificate.checks
        passed = f"{sum(check.passed for check in checks)} of {len(checks)}"
        rows.append([verdict.model, verdict.route, verdict.solver, passed])
    caption = "Checks that know neither formula nor optimiser, passed"
    return Table(caption=caption, columns=["Model", "Route", "By", "Passed"], rows=rows)


def _is_page(path: Path) -> bool:
    return path.suffix.lower() == PAGE_ENDING
