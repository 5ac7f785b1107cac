"""A result on disk: JSON, tables, and a copy of the instance, complete or not there at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.errors import Fault, InvalidInput
from batteryopt.files import csv_of_sums
from batteryopt.solvers.interrupt import postponed_interrupt
from batteryopt.spreadsheet import is_workbook
from batteryopt.toml_output import to_toml

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


def save(result: Result, instance: Path, folder: Path, *, options: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Write a result into a folder made by `make_folder`, and return the names of the files.

    Every file is written in full beside its place before the first one is moved there; ``result.json`` comes last, and
    Ctrl-C waits meanwhile: what stands there is an old result or the new one. A result may have ``parts``: further
    results by the folders that they are saved in, which replace older ones there.

    Parameters
    ----------
    options
        What was asked for, by the names of the command line's options: it is saved too, so that the command can be
        repeated.
    """
    parts: Mapping[str, Result] = getattr(result, "parts", {})
    contents = dict(_instance_files(result, instance))
    for part, found in parts.items():
        contents |= {f"{part}/{name}": content for name, content in _files_of(found).items()}
    contents |= _files_of(result, {"options": dict(options)} if options else {})
    with _staging(folder) as stage:
        for name, content in contents.items():
            place = stage / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        with postponed_interrupt():
            for name in contents:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).replace(folder / name)
            _remove_older_tables(folder, {".": result, **parts}, contents)
            _remove_older_copies(folder, contents)
            _forget_other_parts(folder, parts)
    return tuple(contents)


def _leaves(name: str, value: Any, left_out: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if any(name.startswith(beginning) for beginning in left_out):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner, left_out)
    else:
        yield name, value


def _forget_other_parts(folder: Path, parts: Iterable[str]) -> None:
    """Remove what an earlier result with more parts has left beside them."""
    places = {folder / part for part in parts}
    for parent in {place.parent for place in places}:
        for old in set(parent.iterdir()) - places:
            shutil.rmtree(old, ignore_errors=True)


def _remove_older_tables(folder: Path, results: Mapping[str, Result], written: Iterable[str]) -> None:
    """Remove tables that older results left, and that the new ones, by folder, lack: they would pass for theirs."""
    possible = {folder / part / f"{name}.csv" for part, r in results.items() for name in getattr(r, "table_names", ())}
    for place in possible - {folder / name for name in written}:
        place.unlink(missing_ok=True)


def _files_of(result: Result, more: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Return the files of a result but for the copy of its instance, ``result.json`` last."""
    files = {f"{name}.csv": text.encode() for name, text in _tables(result).items()}
    return {**files, RESULT_FILE: json_text({**result.to_json(), **(more or {})}).encode()}


def _tables(result: Result) -> dict[str, str]:
    """Return the tables as CSV by name: the family's own where it has any, and the certificates of all answers."""
    import pandas as pd

    if hasattr(result, "tables"):
        own = {name: csv_of_sums(table) for name, table in result.tables().items()}
    else:
        own = {"answers": result.to_frame().to_csv(index=False)}
    checks = [
        answer.certificate.to_frame().assign(model=str(model), route=answer.run.route.value)
        for answers in (result.models, result.closed_form or {})
        for model, answer in answers.items()
    ]
    columns = ["model", "route", "name", "residual", "tolerance", "passed", "detail"]
    return own | {"certificates": pd.concat(checks, ignore_index=True)[columns].to_csv(index=False)}


def _instance_files(result: Result, instance: Path) -> Iterator[tuple[str, bytes]]:
    if not instance.is_dir():
        if is_workbook(instance):
            yield f"instance{instance.suffix.lower()}", instance.read_bytes()
        else:
            yield "instance.toml", _toml_copy(result, instance)
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


def _toml_copy(result: Result, instance: Path) -> bytes:
    """Return the file as it is, or written anew where a part of it lies in another file that the copy would miss."""
    content = instance.read_bytes()
    return to_toml(result.instance).encode() if _names_a_file(content.decode("utf-8")) else content


def _names_a_file(text: str) -> bool:
    """Return whether a TOML instance has numbers in a file of their own, named by a key that ends in ``_file``."""
    tables = [table for table in tomllib.loads(text).values() if isinstance(table, dict)]
    return any(key.endswith("_file") for table in tables for key in table)


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
