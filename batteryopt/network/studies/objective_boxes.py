"""Where compromises may still be: boxes between neighbours on a frontier, halved and closed until none is left.

After Hamacher, Pedersen and Ruzika, Operations Research Letters 35, 2007. Between two neighbours, the left one better
in the first objective and the right one in the second, the best in the first with the second at most half-way down is
sought. Is it no better than the right neighbour, that half is empty; then the best in the second is sought that is
better in the first than the right neighbour. Is that no better than the left one, nothing lies between the two.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

Pair: TypeAlias = tuple[float, float]
"""Both objectives as they are minimised."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """The room between two neighbours.

    Attributes
    ----------
    left, right
        The neighbours: first objective rising, second falling.
    floor
        No compromise in the box has the second objective at or below it.
    is_halved
        Whether `floor` is the half-way line of the box: then the next search is from the other side.
    """

    left: Pair
    right: Pair
    floor: float
    is_halved: bool = False

    @property
    def middle(self) -> float:
        """The second objective half-way down what is left of the box."""
        return (self.floor + self.left[1]) / 2

    def area(self, ranges: Pair) -> float:
        """Return its size, in shares of both ranges of the frontier."""
        width, height = self.right[0] - self.left[0], self.left[1] - self.floor
        return (width / ranges[0]) * (height / ranges[1])


class Boxes:
    """All boxes that are not closed.

    Parameters
    ----------
    noticed
        Differences of the two objectives that tell plans apart.
    """

    def __init__(self, best_first: Pair, best_second: Pair, noticed: Pair) -> None:
        self._noticed = noticed
        self._ranges = (best_second[0] - best_first[0], best_first[1] - best_second[1])
        self._open: list[Box] = []
        self.is_given_up = False
        self._add(Box(left=best_first, right=best_second, floor=best_second[1]))

    def __bool__(self) -> bool:
        return bool(self._open)

    def largest(self) -> Box:
        """Return the largest box, and hold it as searched: whoever asks says next what was found in it."""
        box = max(self._open, key=lambda box: box.area(self._ranges))
        self._open.remove(box)
        return box

    def below(self, box: Box) -> float:
        """Return the cap of the first objective that only what is better than the right neighbour keeps."""
        return box.right[0] - self._noticed[0]

    def is_new(self, box: Box, leading: float) -> bool:
        """Return whether the value of the objective that led a search tells its plan from the neighbour's."""
        if box.is_halved:
            return leading < box.left[1] - self._noticed[1]
        return leading < box.right[0] - self._noticed[0]

    def put_back(self, box: Box) -> None:
        """Take a box back whose search did not come to an end."""
        self._open.append(box)

    def found(self, box: Box, point: Pair) -> None:
        """Split a box at a new point."""
        if box.is_halved:  # the point has the least second objective of all that are better than the right neighbour
            self._add(Box(left=box.left, right=point, floor=point[1]))
            return
        self._add(Box(left=box.left, right=point, floor=box.middle))
        self._add(Box(left=point, right=box.right, floor=box.floor))

    def empty(self, box: Box, *, is_proven: bool) -> None:
        """Note that a search found nothing new: half of the box is empty, or all that was left; or nobody knows."""
        if not is_proven:
            self.is_given_up = True
        elif not box.is_halved:
            self._add(dataclasses.replace(box, floor=box.middle, is_halved=True))

    def _add(self, box: Box) -> None:
        is_wide = box.right[0] - box.left[0] > self._noticed[0]
        if is_wide and box.left[1] - box.floor > self._noticed[1]:
            self._open.append(box)
