"""What the command `accuracy` prints and saves: tables and findings, JSON, and the folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.cli.streams import results, say, write_result

SHORT = ("right", "misled", "modest", "hand", "stop", "fail")
"""`two_tracks.TITLES` for a terminal of 80 columns."""

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def write_json(frame: pd.DataFrame) -> None:
    """Write everything as JSON on stdout."""
    from batteryopt.accuracy.accuracy_run import machine
    from batteryopt.accuracy.two_tracks import findings, side_by_side
    from batteryopt.report.saved import json_text

    rows: Any = frame.astype(object).where(frame.notna(), None).to_dict("records")
    tracks: Any = side_by_side(frame).to_dict("records")
    found = {"kind": "accuracy", "machine": machine(), "reading": findings(frame), "tracks": tracks, "runs": rows}
    write_result(json_text(found))


def print_runs(console: Console, frame: pd.DataFrame) -> None:
    """Print both tracks side by side, then every contestant, then what the runs teach."""
    from rich.table import Table

    from batteryopt.accuracy.reading import summary
    from batteryopt.accuracy.two_tracks import COUNTS, findings

    _print_tracks(console, frame)
    counts, errors = ("runs", *COUNTS), ("median_error", "worst_error")
    titles = ("contestant", "tol.", "runs", *SHORT, "med.", "worst")
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for title in titles:
        table.add_column(title, justify="left" if title == "contestant" else "right", no_wrap=True)
    for row in summary(frame).to_dict("records"):
        numbers = (str(row[name]) for name in counts)
        sizes = ("-" if math.isnan(row[name]) else f"{row[name]:.0e}" for name in errors)
        table.add_row(str(row["contestant"]), f"{row['tolerance']:.0e}", *numbers, *sizes)
    console.print(table)
    console.print()
    for sentence in findings(frame):
        console.print(sentence, soft_wrap=True)


def _print_tracks(console: Console, frame: pd.DataFrame) -> None:
    """Print each solver as shipped / through batteryopt, where any is judged on both tracks."""
    from rich.table import Table

    from batteryopt.accuracy.two_tracks import COUNTS, TITLES, side_by_side

    tracks = side_by_side(frame)
    if tracks.empty:
        return
    table = Table(
        box=None, padding=(0, 1), pad_edge=False, title="as shipped / through batteryopt", title_justify="left"
    )
    for title in ("solver", "tol.", "problems", *TITLES):
        table.add_column(title, justify="left" if title == "solver" else "right", no_wrap=True)
    for row in tracks.to_dict("records"):
        cells = (f"{row[f'raw_{count}']} / {row[f'batteryopt_{count}']}" for count in COUNTS)
        table.add_row(str(row["solver"]), f"{row['tolerance']:.0e}", str(row["problems"]), *cells)
    console.print(table)
    console.print()


def show_runs(frame: pd.DataFrame, *, json: bool) -> None:
    """Print everything, as tables and words or as JSON."""
    if json:
        write_json(frame)
        return
    with results() as console:
        print_runs(console, frame)


def make_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder, unless files of the user's lie in the way."""
    from batteryopt.accuracy.accuracy_files import names
    from batteryopt.ground.owned import OwnedFolder

    folder = OwnedFolder(out)
    folder.refuse_clashes(names(), overwrite=overwrite)
    folder.make()


def save_runs(frame: pd.DataFrame, out: Path | None, *, overwrite: bool, is_over: bool) -> None:
    """Save the runs and the page; a journal of work that is not over stays, so that it may go on."""
    from batteryopt.accuracy.accuracy_files import save

    if out is None:
        return
    for path in save(frame, out, overwrite=overwrite):
        say(f"wrote {path}")
    if is_over:
        (out / "runs.journal").unlink(missing_ok=True)
