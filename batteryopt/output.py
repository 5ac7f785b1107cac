"""A result on disk: JSON, tables, and a copy of the instance, complete or not there at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.errors import Fault, InvalidInput
from batteryopt.spreadsheet import is_workbook

if TYPE_CHECKING:
    from batteryopt.families import Result

RESULT_FILE = "result.json"
INSTANCE_COPIES = ("instance.toml", "instance.xlsx", "instance.xlsm", "instance")
"""What the copy of an instance may be called; a result has one of them."""
STATUS_KEYS = ("route", "solver", "stop_reason", "point_status", "objective", "bound", "gap", "seconds")
"""What every answer says of its run."""
_NOT_NUMBERS = (*STATUS_KEYS, "certificate", "reason", "remarks")


def json_text(document: Any) -> str:
    """Return plain data as JSON; infinity and NaN, which JSON does not have, become null."""
    return json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def numbers_of(answer: Mapping[str, Any], left_out: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield a family's own numbers, or lists of them, from an answer's JSON by dotted names (``profits.retailer``).

    What an answer without a solution has at its place, null, is no number.
    """
    for key, value in answer.items():
        if key not in _NOT_NUMBERS and (value is not None or answer["objective"] is not None):
            yield from _leaves(key, value, left_out)


def grouped(names: Iterable[str]) -> list[str]:
    """Return dotted names with those of one head together, in the order in which heads and names first appear."""
    ordered = list(dict.fromkeys(names))
    heads = [name.partition(".")[0] for name in ordered]
    return sorted(ordered, key=lambda name: heads.index(name.partition(".")[0]))


def make_folder(folder: Path, instance: Path) -> None:
    """Create the folder of a result, before any work is done for it.

    Raises
    ------
    InvalidInput
        If it cannot be written to, or would become a part of the instance.
    """
    if instance.is_dir() and folder.resolve().is_relative_to(instance.resolve()):
        raise InvalidInput(
            str(folder),
            [Fault(place="--out", problem="lies inside the instance's own folder", remedy="give a folder elsewhere")],
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _staging(folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fault = Fault(place="--out", problem=f"cannot be written to ({reason})", remedy="give another folder")
        raise InvalidInput(str(folder), [fault]) from error


def save(result: Result, instance: Path, folder: Path) -> tuple[str, ...]:
    """Write a result into a folder made by `make_folder`, and return the names of the files.

    Every file is written in full beside its place before the first one is moved there; ``result.json`` comes last.
    """
    contents = {f"{name}.csv": text.encode() for name, text in _tables(result).items()}
    contents |= dict(_instance_files(instance))
    contents[RESULT_FILE] = json_text(result.to_json()).encode()
    with _staging(folder) as stage:
        for name, content in contents.items():
            place = stage / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        for name in contents:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).replace(folder / name)
    _remove_older_copies(folder, contents)
    return tuple(contents)


def _leaves(name: str, value: Any, left_out: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if any(name.startswith(beginning) for beginning in left_out):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner, left_out)
    else:
        yield name, value


def _tables(result: Result) -> dict[str, str]:
    """Return the tables as CSV by name: the family's own where it has any, and the certificates of all answers."""
    import pandas as pd

    own: Mapping[str, pd.DataFrame] = result.tables() if hasattr(result, "tables") else {"answers": result.to_frame()}
    checks = [
        answer.certificate.to_frame().assign(model=str(model), route=answer.run.route.value)
        for answers in (result.models, result.closed_form or {})
        for model, answer in answers.items()
    ]
    columns = ["model", "route", "name", "residual", "tolerance", "passed", "detail"]
    return {name: table.to_csv(index=False) for name, table in own.items()} | {
        "certificates": pd.concat(checks, ignore_index=True)[columns].to_csv(index=False)
    }


def _instance_files(instance: Path) -> Iterator[tuple[str, bytes]]:
    if not instance.is_dir():
        suffix = instance.suffix.lower() if is_workbook(instance) else ".toml"
        yield f"instance{suffix}", instance.read_bytes()
        return
    for path in sorted(instance.rglob("*")):
        if path.is_file():
            yield f"instance/{path.relative_to(instance).as_posix()}", path.read_bytes()


def _remove_older_copies(folder: Path, written: Iterable[str]) -> None:
    """Remove copies of instances that an older result left in the folder, and that are not this one's."""
    current = {name.partition("/")[0] for name in written}
    for name in set(INSTANCE_COPIES) - current:
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a folder beside the places of the files, gone afterwards whatever happens."""
    stage = folder / f".part-{secrets.token_hex(6)}"
    stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(place: Path, content: bytes) -> None:
    with place.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
