"""The benchmarks that there are, and the file of results that a release keeps."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import benchmarks
from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.files import write_atomically
from batteryopt.report.saved import json_text
from batteryopt.solvers.contract.provenance import versions

RESULTS = Path(__file__).with_name("results")


def known() -> dict[str, str]:
    """Return the benchmarks by name, each with the first line of its docstring."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("_") or module.name == "registry":
            continue
        loaded = importlib.import_module(f"benchmarks.{module.name}")
        if hasattr(loaded, "run"):
            found[module.name] = (loaded.__doc__ or "").strip().split("\n")[0]
    return found


def run(names: list[str], tell: Callable[[str], None], folder: Path = RESULTS) -> Path:
    """Run benchmarks, all where none is named, and write what they return into the file of this release.

    Each is written when it is done, beside what the file has of the others; `tell` is told of each.

    Raises
    ------
    InvalidInput
        If a name is not known; nothing is run then.
    """
    there_are = known()
    faults = [
        Fault(place=name, problem="is no benchmark", remedy=nearest(name, there_are))
        for name in names
        if name not in there_are
    ]
    if faults:
        raise InvalidInput("benchmarks", faults)
    folder.mkdir(exist_ok=True)
    path = folder / f"{versions()['batteryopt']}.json"
    for name in names or there_are:
        tell(f"{name}: {there_are[name]}")
        began = time.perf_counter()
        figures = importlib.import_module(f"benchmarks.{name}").run()
        _write(path, name, {"seconds_in_all": time.perf_counter() - began, "figures": figures})
        tell(_as_lines(figures))
    return path


def compare(before: Path, after: Path) -> list[str]:
    """Return two files of results side by side, a line for each number: before, after, and by how much it changed.

    Raises
    ------
    InvalidInput
        If a file cannot be read, or is none of ours.
    """
    numbers = [_numbers(path) for path in (before, after)]
    keys = list(dict.fromkeys([*numbers[0], *numbers[1]]))
    lines = [f"{'':<66}{'before':>12}{'after':>12}{'factor':>9}"]
    for benchmark, figure in keys:
        old, new = (found.get((benchmark, figure)) for found in numbers)
        factor = f"{new / old:>9.2f}" if old and new is not None else f"{'':>9}"
        lines.append(f"{f'{benchmark}: {figure}':<66}{_or_nothing(old)}{_or_nothing(new)}{factor}".rstrip())
    return lines


def _numbers(path: Path) -> dict[tuple[str, str], float]:
    """Return the numbers of a file of results by benchmark and figure."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {
            (benchmark, figure): float(value)
            for benchmark, entry in kept.items()
            for figure, value in entry["figures"].items()
            if isinstance(value, int | float)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = "give two files that `python -m benchmarks` wrote"
        fault = Fault(place=str(path), problem=f"holds no results ({error})", remedy=remedy)
        raise InvalidInput("benchmarks", [fault]) from error


def _or_nothing(value: float | None) -> str:
    return f"{'-':>12}" if value is None else _shown(value)


def _write(path: Path, name: str, result: dict[str, Any]) -> None:
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    entry = {"when": datetime.now(UTC).isoformat(timespec="seconds"), **_machine(), **result}
    write_atomically(path, json_text({**kept, name: entry}))


def _machine() -> dict[str, Any]:
    """Return what a time means nothing without."""
    machine = {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()}
    return {"machine": machine, "versions": versions()}


def _as_lines(figures: dict[str, Any]) -> str:
    return "\n".join(f"  {name:<66}{_shown(value)}" for name, value in figures.items())


def _shown(value: Any) -> str:
    return f"{value:>12.4g}" if isinstance(value, float | int) else str(value)
