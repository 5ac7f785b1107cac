"""The command `import`: cases of other tools as instances of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batteryopt.cli.exits import ExitStatus, guarded
from batteryopt.cli.options import ForceOption, JsonOption
from batteryopt.cli.streams import say, write_result

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

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
    from batteryopt.network.relog import import_relog

    imported = import_relog(file, version=version, detour_factor=detour)
    _write(imported.network, out, imported.differences, overwrite=overwrite, json=json)
    return ExitStatus.SOLVED


@app.command()
@guarded
def orlib(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The problem, as text.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the network to write.")],
    capacity: Annotated[
        float | None, typer.Option(metavar="T", help="Capacity of every site, where the file leaves it open.")
    ] = None,
    stages: Annotated[int, typer.Option(min=1, max=2, help="1: OR-Library's cap files; 2: the PSC files.")] = 1,
    overwrite: ForceOption = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Turn a published location problem (OR-Library's cap files, PSC of two stages) into a network folder."""
    from batteryopt.ground.errors import Fault, InvalidInput
    from batteryopt.network.location import read_capacitated, read_two_stage

    if stages == 2 and capacity is not None:
        remedy = "leave it out: those files say the capacity of each site"
        raise InvalidInput(
            str(file), [Fault(place="--capacity", problem="is not for files of two stages", remedy=remedy)]
        )
    network = read_two_stage(file) if stages == 2 else read_capacitated(file, capacity=capacity)
    _write(network, out, [], overwrite=overwrite, json=json)
    return ExitStatus.SOLVED


@app.command()
@guarded
def prodhon(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The instance, as text.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the network to write.")],
    overwrite: ForceOption = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Turn a location-routing instance (depots and rounds; Prodhon's files) into a network folder."""
    from batteryopt.network.rounds.prodhon_file import read_prodhon

    differences = ["what rounds cost is an estimate while depots are chosen: solve --with-rounds plans them"]
    _write(read_prodhon(file).network(), out, differences, overwrite=overwrite, json=json)
    return ExitStatus.SOLVED


def _write(network: Network, out: Path, differences: Sequence[str], *, overwrite: bool, json: bool) -> None:
    """Write a network folder, and say where the network differs from its case."""
    from batteryopt.ground.owned import put_folder, refuse_to_replace
    from batteryopt.network.tables.writer import files_of, tables_without_rows
    from batteryopt.report.saved import json_text

    contents = files_of(network)
    gone = tables_without_rows(contents)
    if not overwrite:
        refuse_to_replace(out, [*contents, *gone])
    put_folder(out, contents, gone=gone)
    say(f"wrote {out}; next: batteryopt solve {out}")
    if json:
        write_result(json_text({"network": str(out), "differences": list(differences)}))
    else:
        write_result("".join(f"• {difference}\n" for difference in differences))
