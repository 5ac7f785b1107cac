"""The numbers of a file of location, in their order, and what is said where they do not fit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class Numbers:
    """Numbers that are taken one after the other."""

    path: str
    values: Floats
    taken: int = 0

    def take(self, *shape: int) -> Floats:
        """Return the next numbers as an array.

        Raises
        ------
        InvalidInput
            If the file ends before.
        """
        count = int(np.prod(shape, dtype=np.int64))
        if self.taken + count > len(self.values):
            problem = f"ends after {len(self.values):,} numbers, and its sizes ask for {self.taken + count:,} or more"
            raise refused(self.path, problem, "expected the whole file, as it was published")
        self.taken += count
        return self.values[self.taken - count : self.taken].reshape(shape)

    def counts(self, number: int) -> list[int]:
        """Return the next whole numbers above 0."""
        found = self.take(number)
        if not (np.isfinite(found) & (found >= 1) & (found == np.floor(found)) & (found < 1e6)).all():
            raise refused(self.path, f"has sizes {found.tolist()}", "expected whole numbers above 0")
        return [int(value) for value in found]

    def end(self) -> None:
        """Refuse what is left."""
        if self.taken < len(self.values):
            problem = f"has {len(self.values):,} numbers, and its sizes ask for {self.taken:,}"
            raise refused(self.path, problem, "is it of the kind that was asked for?")


def numbers_of(path: str | os.PathLike[str], *, given: Mapping[str, float] | None = None) -> Numbers:
    """Return the numbers of a file that has nothing else.

    Parameters
    ----------
    given
        Numbers for words that the file leaves open.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or has other words in it.
    """
    numbers = {word: repr(float(value)) for word, value in (given or {}).items()}
    try:
        words = [numbers.get(word, word) for word in Path(path).read_text(encoding="utf-8").split()]
    except (OSError, UnicodeDecodeError) as error:
        raise refused(str(path), f"cannot be read: {error}", "expected a text of numbers") from error
    try:
        values = np.array(words, dtype=float)
    except ValueError as error:
        raise refused(str(path), f"has a word among its numbers: {error}", "see --capacity for 'capacity'") from error
    if not (np.isfinite(values) & (values >= 0)).all():
        raise refused(str(path), "has a number below 0, or one that is not finite", "expected costs and amounts")
    return Numbers(path=str(path), values=values)


def refused(place: str, problem: str, remedy: str) -> InvalidInput:
    """Return the refusal of a file."""
    return InvalidInput(place, [Fault(place=place, problem=problem, remedy=remedy)])


def names(word: str, count: int) -> list[str]:
    """Return names that sort as they count: site001, site002 ..."""
    digits = len(str(count))
    return [f"{word}{number:0{digits}d}" for number in range(1, count + 1)]
