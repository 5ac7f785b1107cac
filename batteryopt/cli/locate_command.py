"""The command `locate`: missing coordinates of sites, by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded, refuse_taken
from batteryopt.cli.options import ForceOption
from batteryopt.cli.streams import say, write_result


@guarded
def locate(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A table of sites (CSV), or a network: folder or workbook."),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; else only what was found is told.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Where the places are; a column 'country' goes before it.")
    ] = None,
    overwrite: ForceOption = False,
) -> ExitStatus:
    """Fill in missing coordinates by name, offline; tell ambiguous names, and overwrite nothing that stands."""
    from batteryopt.ground.files import write_atomically
    from batteryopt.network.places.gazetteer import country_of
    from batteryopt.network.places.locate import locate as locate_sites

    refuse_taken(out, overwrite=overwrite)
    found, _, content = locate_sites(file, None if country is None else country_of(country))
    write_result("".join(f"{site}: {place}\n" for site, place in found.filled.items()))
    for line in found.words():
        say(line)
    if out is not None:
        write_atomically(out, content)
        say(f"wrote {out}")
    return ExitStatus.OTHER if found.ambiguous or found.unknown else ExitStatus.SOLVED
