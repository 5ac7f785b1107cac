"""Everything wrong with a command, in its files and its options, told at once."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import BatteryOptError, InvalidInput

if TYPE_CHECKING:
    from batteryopt.families import Family


class Refused(BatteryOptError):
    """Several inputs of one command are wrong."""


class Refusals:
    """Collects what is raised in its ``with`` blocks, so that the next part of the input is judged too."""

    def __init__(self) -> None:
        self._errors: list[BatteryOptError] = []

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, _traceback: TracebackType | None) -> bool:
        if isinstance(error, InvalidInput | Refused):
            self._errors.append(error)
            return True
        return False

    def instance(self, path: Path) -> tuple[Family | None, Any]:
        """Return the family and the instance at a path, None where they cannot be had."""
        from batteryopt.families import family_at

        family, instance = None, None
        with self:
            family = family_at(path)
            instance = family.read_instance(path)
        return family, instance

    def raise_all(self) -> None:
        """Raise what was collected, if anything was."""
        if self._errors:
            raise Refused("\nerror: ".join(map(str, self._errors)))
