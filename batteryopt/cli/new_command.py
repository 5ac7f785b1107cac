"""The command `new`: a commented instance to start from, or a first network of a country."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, guarded, refuse
from batteryopt.cli.streams import say
from batteryopt.ground.files import refuse_existing

CITIES, FIRST_YEAR, LAST_YEAR, TEMPLATE = 60, 2027, 2035, "recycling"


@guarded
def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Kind of the instance, as in its TOML file.")],
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="Where to write it; a network becomes a workbook where it is an .xlsx."),
    ],
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Networks: one of a country's cities, ready to be solved.")
    ] = None,
    cities: Annotated[int | None, typer.Option(metavar="N", help="How many of its cities.  [60]")] = None,
    from_: Annotated[int | None, typer.Option("--from", metavar="YEAR", help="First year.  [2027]")] = None,
    to: Annotated[int | None, typer.Option(metavar="YEAR", help="Last year.  [2035]")] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="Its chain.  [recycling]")] = None,
    registrations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cars registered, of the country or of its cities.")
    ] = None,
    growth: Annotated[
        float | None, typer.Option(metavar="RATE", help="Growth of registrations a year after the last known.  [0]")
    ] = None,
    detour: Annotated[
        float | None, typer.Option(metavar="F", help="Length of a road over the great circle.  [1.3]")
    ] = None,
    overwrite: given.ForceOption = False,
) -> ExitStatus:
    """Write a commented instance to start from; with --country, a network of its cities."""
    from batteryopt.families import family_of
    from batteryopt.tables.spreadsheet import is_workbook

    family = family_of(kind, place="KIND")
    if is_workbook(path) and family.kind != "network":
        raise refuse("PATH", f"a {kind} instance is no workbook", "give a path that ends with .toml")
    named = {"--cities": cities, "--from": from_, "--to": to, "--template": template, "--registrations": registrations,
             "--growth": growth, "--detour": detour}  # fmt: skip
    if country is None:
        lost = [option for option, value in named.items() if value is not None]
        if lost:
            raise refuse(lost[0], "is given without --country", "give --country too, as in --country DE")
        family.write_template(path, overwrite=overwrite)
        say(f"wrote {path}; next: batteryopt check {path}")
        return ExitStatus.SOLVED
    if family.kind != "network":
        raise refuse("--country", f"is of networks, and this is a {kind}", "leave it out")
    refuse_existing(path, "PATH", overwrite=overwrite)
    from batteryopt.network.starter.country_network import DETOUR, country_network, write_started

    started = country_network(
        country,
        cities=CITIES if cities is None else cities,
        first_year=FIRST_YEAR if from_ is None else from_,
        last_year=LAST_YEAR if to is None else to,
        template=TEMPLATE if template is None else template,
        registrations=registrations,
        growth=0.0 if growth is None else growth,
        detour=DETOUR if detour is None else detour,
    )
    write_started(started, path)
    say(f"wrote {path}: {started.network.name}; where each figure is from, and what is assumed: provenance in it")
    say(f"next: batteryopt solve {path} --out RESULT")
    return ExitStatus.SOLVED
