"""Reading RELOG's JSON: keys whatever their capitals, numbers or series of numbers, and every fault with its path."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of, in_words
from batteryopt.network.data.instance import Profile
from batteryopt.tables.input_faults import show

UNLIMITED_T = 1e9
"""Stands for "no limit" in a year whose neighbours have one."""


class Branch:
    """A part of a case that knows where it is, so that a fault names its path; faults are collected, not raised.

    Parameters
    ----------
    value
        The JSON object.
    path
        Where it stands in the file.
    years
        Length of every series.
    faults
        Where to put what is wrong.
    """

    def __init__(self, value: Any, path: str, years: int, faults: list[Fault]) -> None:
        self.path = path
        self.years = years
        self.faults = faults
        if not isinstance(value, Mapping):
            self._fault("", f"is {show(value)}", "expected an object in braces")
            value = {}
        self.value: Mapping[str, Any] = value
        self._keys = {str(key).casefold(): key for key in value}

    def has(self, key: str) -> bool:
        """Whether a key is there and not null."""
        return key.casefold() in self._keys and self.get(key) is not None

    def get(self, *keys: str) -> Any:
        """Return the value of the first key that is there, whatever its capitals; None where none is."""
        return next((self.value[self._keys[key.casefold()]] for key in keys if key.casefold() in self._keys), None)

    def branch(self, key: str) -> Branch:
        """Return the object under a key; an empty one where it is missing or null."""
        value = self.get(key)
        return Branch({} if value is None else value, f"{self.path}/{key}", self.years, self.faults)

    def branches(self) -> Iterator[tuple[str, Branch]]:
        """Yield every object in this one, with its name."""
        for name, value in self.value.items():
            yield name, Branch(value, f"{self.path}/{name}", self.years, self.faults)

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.get(key)
        if not isinstance(value, str):
            self._fault(key, "is missing" if value is None else f"is {show(value)}", "expected a name in quotes")
            return ""
        return value

    def number(self, *keys: str, default: float | None = None) -> float:
        """Return a number; one that must be there unless there is a default."""
        value = self.get(*keys)
        if value is None and default is not None:
            return default
        if not _is_number(value):
            self._fault(keys[0], "is missing" if value is None else f"is {show(value)}", "expected a number")
            return default or 0.0
        return float(value)

    def series(self, *keys: str, default: float | None = None, scale: float = 1.0) -> Profile:
        """Return a number or a series of numbers, times a factor; null and missing mean the default."""
        value = self.get(*keys)
        if value is None and default is None:
            self._fault(keys[0], "is missing", f"expected a number, or a list of {self.years}")
        items = value if isinstance(value, list) else [value]
        numbers = [default or 0.0 if item is None else item for item in items]
        if not all(map(_is_number, numbers)) or (isinstance(value, list) and len(value) < self.years):
            self._fault(keys[0], f"is {show(value)}", f"expected a number, or a list of {self.years} numbers")
            return 0.0
        scaled = tuple(float(number) * scale for number in numbers[: self.years])
        return scaled[0] if len(set(scaled)) == 1 else scaled

    def limit(self, key: str) -> Profile | None:
        """Return a limit; None where it is missing or null in every year."""
        value = self.get(key)
        items = value if isinstance(value, list) else [value]
        return None if all(item is None for item in items) else self.series(key, default=UNLIMITED_T)

    def shares(self, key: str, scale: float = 1.0) -> dict[str, float]:
        """Return numbers by name that are the same in every year."""
        found: dict[str, float] = {}
        part = self.branch(key)
        for name in part.value:
            profile = part.series(name, scale=scale)
            if isinstance(profile, tuple):
                part._fault(name, "differs from year to year", "a network has one recipe for all years")
                continue
            found[name] = profile
        return found

    def point(self) -> tuple[float, float]:
        """Return latitude and longitude in degrees."""
        if self.has("location"):
            remedy = "RELOG looks such places up in tables that it downloads: give latitude (deg) and longitude (deg)"
            self._fault("location", f"is {show(self.get('location'))}", remedy)
            return 0.0, 0.0
        return self.number("latitude (deg)", "latitude"), self.number("longitude (deg)", "longitude")

    def add_fault(self, problem: str, remedy: str) -> None:
        """Tell that something is wrong with this object."""
        self._fault("", problem, remedy)

    def _fault(self, key: str, problem: str, remedy: str) -> None:
        place = f"{self.path}/{key}" if key else self.path
        self.faults.append(Fault(place=place.lstrip("/") or "file", problem=problem, remedy=remedy))


def load_case(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Return the JSON object of a case file, or raise `InvalidInput` saying why it cannot be had."""
    try:
        text = content_of(path)
        with in_words("give a case file of RELOG", problem="is not JSON"):
            content = json.loads(text.decode("utf-8-sig"))
    except CannotRead as error:
        raise _unreadable(path, error.problem, error.remedy) from error
    if not isinstance(content, Mapping):
        raise _unreadable(path, f"is {show(content)}", "expected an object in braces")
    return content


def _unreadable(path: str | os.PathLike[str], problem: str, remedy: str) -> InvalidInput:
    return InvalidInput(str(path), [Fault(place="file", problem=problem, remedy=remedy)])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
