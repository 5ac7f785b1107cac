"""What may return otherwise than planned: moves of single rows of the returns, of which a budget allows so many.

Source of the set: Bertsimas, D., Sim, M. (2004), The price of robustness, Operations Research 52, 35-53. With a whole
budget its corners are the sets of at most that many moves, each made in full.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]
Moves = frozenset[int]
"""Which moves are made, by their numbers."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One row of the returns that turns out otherwise.

    Attributes
    ----------
    row
        Its position in the table.
    by
        Tonnes in each period (T): more, or less with a minus.
    site, product
        Of the row.
    """

    row: int
    by: tuple[float, ...]
    site: str
    product: str

    @property
    def is_more(self) -> bool:
        """Whether more returns."""
        return sum(self.by) > 0

    @property
    def words(self) -> str:
        """What happens, for people."""
        return f"{'more' if self.is_more else 'less'} {self.product} from {self.site}"


def moves_of(network: Network, share: float | None = None) -> tuple[Move, ...]:
    """Return every move that a network's table of returns allows.

    Parameters
    ----------
    share
        Of the tonnes: what rows that say nothing may have more, or less; None: these do not move.

    Raises
    ------
    InvalidInput
        If nothing may move, or more may be missing than returns.
    """
    found: list[Move] = []
    faults = []
    for position, row in enumerate(network.returns):
        tonnes = network.profile(row.tonnes)
        more, less = network.profile(row.more_t), network.profile(row.less_t)
        if np.any(less > tonnes):
            t = int(np.argmax(less > tonnes))
            place = f"returns, {row.site}, {row.product}, less_t"
            remedy = f"expected at most tonnes, {tonnes[t]:g}"
            faults.append(Fault(place=place, problem=f"is {less[t]:g} in {network.periods[t].name}", remedy=remedy))
        if share is not None and not more.any() and not less.any():
            more, less = share * tonnes, share * tonnes
        for by in (more, -less):
            if by.any():
                found.append(Move(row=position, by=tuple(by.tolist()), site=row.site, product=row.product))
    if faults:
        raise InvalidInput(network.name, faults)
    if not found:
        problem = "no row of the returns may deviate"
        remedy = "fill more_t or less_t in returns, or say of all rows: --deviation 0.2"
        raise InvalidInput(network.name, [Fault(place="returns", problem=problem, remedy=remedy)])
    return tuple(found)


def moved(network: Network, moves: Sequence[Move], amounts: Sequence[float]) -> Network:
    """Return a network whose returns moved: each move as much as its amount says, 1 being all of it.

    Its own returns deviate no more.

    Tonnes that rounding would leave a hair below 0 are 0.
    """
    tonnes = {move.row: network.profile(network.returns[move.row].tonnes) for move in moves}
    for move, amount in zip(moves, amounts, strict=True):
        tonnes[move.row] = tonnes[move.row] + amount * np.array(move.by)
    rows = tuple(
        dataclasses.replace(
            row, tonnes=_profile(tonnes[position]) if position in tonnes else row.tonnes, more_t=0.0, less_t=0.0
        )
        for position, row in enumerate(network.returns)
    )
    return dataclasses.replace(network, returns=rows)


def _profile(tonnes: Floats) -> tuple[float, ...]:
    return tuple(np.where(tonnes < 0, np.where(tonnes > -1e-9, 0.0, tonnes), tonnes).tolist())


def name_of(moves: Sequence[Move], chosen: Collection[int]) -> str:
    """Return the name of the future in which some moves are made."""
    return "; ".join(moves[i].words for i in sorted(chosen)) if chosen else "as planned"


def room(network: Network, move: Move) -> float:
    """Return how many times a move could be made, by itself, before less than nothing returns; infinite for more."""
    by, tonnes = np.array(move.by), network.profile(network.returns[move.row].tonnes)
    falls = by < 0
    return float(np.min(tonnes[falls] / -by[falls])) if falls.any() else float(np.inf)
