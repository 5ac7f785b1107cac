"""A result on disk: JSON, tables, and a copy of the instance, complete or not there at all."""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_of_sums, csv_text
from batteryopt.ground.owned import MANIFEST, OwnedFolder
from batteryopt.report.precedence import is_better
from batteryopt.tables.spreadsheet import is_workbook
from batteryopt.tables.toml_output import to_toml

if TYPE_CHECKING:
    from batteryopt.families import FamilyResult

RESULT_FILE = "result.json"
INSTANCE_COPIES = ("instance.toml", "instance.xlsx", "instance.xlsm", "instance")
"""What the copy of an instance may be called; a result has one of them."""
STATUS_KEYS = ("route", "solver", "stop_reason", "point_status", "objective", "bound", "gap", "seconds")
"""What every answer says of its run."""
_UNSEEN = re.compile("[\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""What JSON may hold as it is and a terminal obeys: control characters, ends of lines, directions; and what no file can
hold, halves of characters."""
_NOT_NUMBERS = (*STATUS_KEYS, "certificate", "reason", "remarks")


def json_text(document: Any) -> str:
    """Return plain data as JSON; infinity and NaN, which JSON does not have, become null."""
    text = json.dumps(as_json(document), indent=2, ensure_ascii=False, allow_nan=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def numbers_of(answer: Mapping[str, Any], left_out: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield a family's own numbers, or lists of them, from an answer's JSON by dotted names (``profits.retailer``).

    What an answer without a solution has at its place, null, is no number, and neither is a list of records.
    """
    for key, value in answer.items():
        if key not in _NOT_NUMBERS and (value is not None or answer["objective"] is not None):
            yield from _leaves(key, value, left_out)


def grouped(names: Iterable[str]) -> list[str]:
    """Return dotted names with those of one head together, in the order in which heads and names first appear."""
    ordered = list(dict.fromkeys(names))
    heads = [name.partition(".")[0] for name in ordered]
    return sorted(ordered, key=lambda name: heads.index(name.partition(".")[0]))


def make_folder(
    folder: Path,
    instance: Path,
    *,
    tables: Iterable[str] = ("answers",),
    parts: Iterable[str] = (),
    copy: Mapping[str, bytes] | None = None,
    overwrite: bool = False,
) -> OwnedFolder:
    """Create the folder of a result, before any work is done for it.

    Parameters
    ----------
    tables
        Names of tables that the result may have.
    parts
        Folders in it that further results may be saved in.
    copy
        As in `save`.
    overwrite
        Whether files that are not ours may be replaced.

    Raises
    ------
    InvalidInput
        If it cannot be written to, would become a part of the instance, or has something of the user's where we would
        write.
    """
    if os.path.isdir(instance) and folder.resolve().is_relative_to(instance.resolve()):
        raise InvalidInput(
            str(folder),
            [Fault(place="--out", problem="lies inside the instance's own folder", remedy="give a folder elsewhere")],
        )
    owned = OwnedFolder(folder)
    names = [
        *(f"{name}.csv" for name in ("certificates", *tables)),
        *(_names_of_copies(instance) if copy is None else copy),
    ]
    names += [RESULT_FILE, *(f"{part}/{RESULT_FILE}" for part in parts)]
    owned.refuse_clashes(names, overwrite=overwrite)
    _refuse_a_mixture(owned, instance, copy)
    owned.make()
    return owned


def save(
    result: FamilyResult,
    instance: Path,
    folder: Path,
    *,
    options: Mapping[str, Any] | None = None,
    copy: Mapping[str, bytes] | None = None,
    changes: Sequence[str] = (),
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a result into a folder made by `make_folder`, and return the names of the files.

    There are none where a better result is left as it is.

    Every file is written in full beside its place before the first one is moved there; ``result.json`` comes last, and
    Ctrl-C waits meanwhile: what stands there is an old result or the new one. What an older result of ours left there
    goes; nothing else is touched. A result may have ``parts``: further results by the folders that they are saved in.

    Parameters
    ----------
    options
        What was asked for, by the names of the command line's options: it is saved too, so that the command can be
        repeated.
    copy
        Files of the instance by name, where it was changed before it was solved; else its own are copied.
    changes
        What was different from its own, in words.
    overwrite
        Whether files that are not ours, and better results for the same instance, may be replaced.

    Raises
    ------
    InvalidInput
        If something of the user's lies in the way, or there is no room; then all is as it was.
    """
    parts: Mapping[str, FamilyResult] = getattr(result, "parts", {})
    copy = dict(_instance_files(result, instance)) if copy is None else dict(copy)
    contents = dict(copy)
    for part, found in parts.items():
        contents |= {f"{part}/{name}": content for name, content in _files_of(found).items()}
    asked = {"options": dict(options)} if options else {}
    contents |= _files_of(result, {**asked, **({"changes": list(changes)} if changes else {})})
    owned = OwnedFolder(folder)
    _refuse_a_mixture(owned, instance, copy)

    def is_worse() -> bool:
        new = json.loads(contents[RESULT_FILE])
        return not overwrite and owned.is_as_written(copy) and is_better(_saved_document(folder), new)

    return tuple(contents) if owned.put(contents, overwrite=overwrite, unless=is_worse) else ()


def copy_of_instance(folder: Path) -> Path | None:
    """Return the copy of the instance in a result's folder, ours before any other; None where there is none."""
    found = [folder / name for name in INSTANCE_COPIES if (folder / name).exists()]
    ours = {name.partition("/")[0] for name in OwnedFolder(folder).names} if len(found) > 1 else set()
    return next((place for place in found if place.name in ours), found[0] if found else None)


def _saved_document(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / RESULT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _refuse_a_mixture(owned: OwnedFolder, instance: Path, copy: Mapping[str, bytes] | None = None) -> None:
    """Raise where the copy of a network would come to lie among other files, which would be read as parts of it."""
    place = owned.path / "instance"
    names = _names_of_copies(instance) if copy is None else list(copy)
    if "instance" not in {name.partition("/")[0] for name in names} or not place.is_dir():
        return
    there = {path.relative_to(owned.path).as_posix() for path in place.rglob("*") if not path.is_dir()}
    foreign = sorted(there - owned.names - set(names))
    if foreign:
        problem = f"'{owned.path / foreign[0]}' is there, and batteryopt did not write it"
        remedy = "the copy of the network would get mixed up with it: give another folder"
        raise InvalidInput(str(owned.path), [Fault(place="--out", problem=problem, remedy=remedy)])


def _leaves(name: str, value: Any, left_out: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if any(name.startswith(beginning) for beginning in left_out):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner, left_out)
    elif not (isinstance(value, list) and any(isinstance(row, Mapping) for row in value)):
        yield name, value


def _files_of(result: FamilyResult, more: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Return the files of a result but for the copy of its instance, ``result.json`` last."""
    files = {f"{name}.csv": text.encode() for name, text in _tables(result).items()}
    return {**files, RESULT_FILE: json_text({**result.to_json(), **(more or {})}).encode()}


def _tables(result: FamilyResult) -> dict[str, str]:
    """Return the tables as CSV by name: the family's own where it has any, and the certificates of all answers."""
    import pandas as pd

    if hasattr(result, "tables"):
        own = {name: csv_of_sums(table) for name, table in result.tables().items()}
    else:
        own = {"answers": csv_text(result.to_frame())}
    checks = [
        answer.certificate.to_frame().assign(model=str(model), route=answer.run.route.value)
        for answers in (result.models, result.closed_form or {})
        for model, answer in answers.items()
    ]
    columns = ["model", "route", "name", "residual", "tolerance", "passed", "detail"]
    return own | {"certificates": csv_text(pd.concat(checks, ignore_index=True)[columns])}


def _instance_files(result: FamilyResult, instance: Path) -> Iterator[tuple[str, bytes]]:
    if not instance.is_dir():
        (name,) = _names_of_copies(instance)
        yield name, instance.read_bytes() if is_workbook(instance) else _toml_copy(result, instance)
        return
    for path, name in zip(_files_in(instance), _names_of_copies(instance), strict=True):
        yield name, path.read_bytes()


def _names_of_copies(instance: Path) -> list[str]:
    """Return what the files of an instance's copy are called."""
    if instance.is_dir():
        return [f"instance/{path.relative_to(instance).as_posix()}" for path in _files_in(instance)]
    return [f"instance{instance.suffix.lower()}" if is_workbook(instance) else "instance.toml"]


def _files_in(instance: Path) -> list[Path]:
    return sorted(path for path in instance.rglob("*") if path.is_file() and path.name != MANIFEST)


def _toml_copy(result: FamilyResult, instance: Path) -> bytes:
    """Return the file as it is, or written anew where a part of it lies in another file that the copy would miss."""
    content = instance.read_bytes()
    return to_toml(result.instance).encode() if _names_a_file(content.decode("utf-8")) else content


def _names_a_file(text: str) -> bool:
    """Return whether a TOML instance has numbers in a file of their own, named by a key that ends in ``_file``."""
    tables = [table for table in tomllib.loads(text).values() if isinstance(table, dict)]
    return any(key.endswith("_file") for table in tables for key in table)


def as_json(value: Any) -> Any:
    """Return plain data as JSON brings them back: texts as keys, lists, and null for infinity and NaN."""
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return str.__str__(value) if isinstance(value, str) else value
