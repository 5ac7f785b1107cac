"""The command `import`: cases of other tools as instances of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded
from batteryopt.cli.options import ForceOption, JsonOption
from batteryopt.cli.streams import say, write_result

app = typer.Typer(help="Turn cases of other tools into instances.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Turn cases of other tools into instances."""


@app.command()
@guarded
def relog(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The case, as JSON.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the network to write.")],
    version: Annotated[
        str | None, typer.Option(metavar="X.Y.Z", help="RELOG release whose rounding of distances is meant.")
    ] = None,
    detour: Annotated[float, typer.Option(metavar="F", help="Factor on every distance.")] = 1.0,
    overwrite: ForceOption = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Turn a RELOG case into a network folder, and say where it differs."""
    from batteryopt.ground.owned import put_folder, refuse_to_replace
    from batteryopt.network.relog import import_relog
    from batteryopt.network.tables.writer import files_of, tables_without_rows
    from batteryopt.report.saved import json_text

    imported = import_relog(file, version=version, detour_factor=detour)
    contents = files_of(imported.network)
    gone = tables_without_rows(contents)
    if not overwrite:
        refuse_to_replace(out, [*contents, *gone])
    put_folder(out, contents, gone=gone)
    say(f"wrote {out}; next: batteryopt solve {out}")
    if json:
        write_result(json_text({"network": str(out), "differences": list(imported.differences)}))
    else:
        write_result("".join(f"• {difference}\n" for difference in imported.differences))
    return ExitStatus.SOLVED
