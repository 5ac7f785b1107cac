"""The command `import`: cases of other tools as instances of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded
from batteryopt.cli.options import JsonOption
from batteryopt.cli.streams import say, write_result
from batteryopt.errors import Fault, InvalidInput

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
    force: Annotated[bool, typer.Option("--force", help="Replace a network that is there.")] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Turn a RELOG case into a network folder, and say where it differs."""
    from batteryopt.network.relog import import_relog
    from batteryopt.network.tables import write
    from batteryopt.output import json_text

    if (out / "network.toml").exists() and not force:
        fault = Fault(place="--out", problem="there is a network already", remedy="--force replaces it")
        raise InvalidInput(str(out), [fault])
    imported = import_relog(file, version=version, detour_factor=detour)
    write(imported.network, out)
    say(f"wrote {out}; next: batteryopt solve {out}")
    if json:
        write_result(json_text({"network": str(out), "differences": list(imported.differences)}))
    else:
        write_result("".join(f"• {difference}\n" for difference in imported.differences))
    return ExitStatus.SOLVED
