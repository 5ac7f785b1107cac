"""The command `report`: saved results as a page, and as tables and figures for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded
from batteryopt.cli.options import OverwriteOption
from batteryopt.cli.streams import say
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.marks import foreign_file_faults


@guarded
def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT_DIR...", help="Folders written by solve --out; several are compared."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="PAGE.html|BOOK.xlsx",
            help="The page: one file that opens without a network. A name that ends with .xlsx: a workbook.",
        ),
    ],
    exports: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also tables as LaTeX, Markdown and a workbook, and figures as PNG, SVG and PDF."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
) -> ExitStatus:
    """Show results that were saved before as one page for people, or as a workbook."""
    from batteryopt.report.write import write_exports, write_page

    faults = foreign_file_faults("--out", out, overwrite=overwrite)
    if faults:
        raise InvalidInput("command line", faults)
    write_page(results, out)
    say(f"wrote {out}")
    if exports is not None:
        say(f"wrote {len(write_exports(results, exports, overwrite=overwrite))} files into {exports}")
    return ExitStatus.SOLVED
