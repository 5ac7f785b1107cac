"""The command `export`: a network from a folder to a workbook, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded, refuse
from batteryopt.cli.options import ForceOption, InstanceArgument
from batteryopt.cli.streams import say
from batteryopt.ground.files import refuse_existing


@guarded
def export(
    instance: InstanceArgument,
    out: Annotated[
        Path, typer.Option(metavar="FILE.xlsx|DIR", help="A workbook, where the name ends so; else a folder of tables.")
    ],
    overwrite: ForceOption = False,
) -> ExitStatus:
    """Turn a network's folder into one workbook, or a workbook into a folder."""
    from batteryopt.families import family_at
    from batteryopt.network.tables import export as export_tables

    family = family_at(instance)
    if family.kind != "network":
        raise refuse("INSTANCE", f"is of kind '{family.kind}'", "only networks have tables; a game is one TOML file")
    if out.resolve() == instance.resolve():
        raise refuse("--out", "is the instance itself", "give another place")
    refuse_existing(out, "--out", overwrite=overwrite)
    left = export_tables(instance, out)
    if left:
        say(f"left behind, for it is no table of the network: {', '.join(left)}")
    say(f"wrote {out}; next: batteryopt check {out}")
    return ExitStatus.SOLVED
