"""Differential equations along a reported path, integrated by SciPy over all its pieces at once.

Controls are smooth within a piece and may jump where one ends. An integrator that goes from piece to piece asks for the
controls at one time after the other; here all pieces are integrated side by side, each in its own time from 0 to 1, and
the controls are asked for at all of them together. What one piece hands on to the next is put in afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Solution

_LEAST_FACTOR = 1e-14
"""An infinite horizon is played until the discount factor is this small."""
_TOLERANCE = 1e-9
_MOST = 5000
"""Most pieces that a horizon is cut into for its rates alone."""


def piece_ends(solution: Solution, least_factor: float = _LEAST_FACTOR, most_length: float = np.inf) -> FloatArray:
    """Return the times between which controls are smooth and no rate of the game does much, from 0 to the end.

    An infinite horizon ends where the discount factor is `least_factor`, next to nothing. No piece is longer than
    `most_length` (but for a limit on their number).
    """
    game, breaks = solution.game, solution.trajectory.grid.breaks
    end = float(breaks[-1])
    if not np.isfinite(end):
        end = -np.log(least_factor) / game.discount_rate
        breaks = np.append(breaks[breaks < 0.999 * end], end)
    pace = max(float(np.abs(np.linalg.eigvals(game.efficiency_decay)).max()), game.discount_rate)
    longest = max(min(1.0 / pace, most_length), end / _MOST)
    counts = np.ceil(np.diff(breaks) / longest).astype(int)
    cuts = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(breaks, breaks[1:], counts, strict=False)]
    return np.append(np.concatenate(cuts), end)


def integrate(
    slope: Callable[[FloatArray, FloatArray], FloatArray], starts: FloatArray, ends: FloatArray, states: FloatArray
) -> FloatArray:
    """Integrate k pieces side by side, each from its own start and state; return the states at their ends.

    Parameters
    ----------
    slope
        From times (k), one in each piece, and states (k, d) to their derivatives by time.
    starts, ends
        (k); an end before its start is integrated backward.
    states
        At the starts (k, d).
    """
    lengths = ends - starts
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    inside = np.nextafter(high, low)  # controls may jump where a piece ends

    def stacked(part: float, flat: FloatArray) -> FloatArray:
        times = np.clip(starts + part * lengths, low, inside)
        return np.asarray(lengths[:, None] * slope(times, flat.reshape(states.shape))).ravel()

    # SciPy looks at the mean square of all errors: no piece may err more than it might alone. Two steps are about what
    # a piece takes (see `piece_ends`); SciPy would feel its way from far shorter ones.
    tolerance = _TOLERANCE / np.sqrt(len(lengths))
    run = solve_ivp(
        stacked, (0.0, 1.0), states.ravel(), method="DOP853", rtol=tolerance, atol=tolerance, first_step=0.5
    )
    return np.asarray(run.y[:, -1]).reshape(states.shape)


def linear_path(
    rates: FloatArray, push: Callable[[FloatArray], FloatArray], times: FloatArray, start: FloatArray
) -> FloatArray:
    """Return x at given times (k + 1, d), the first of them the start's, of ``x' = rates x + push(t)``.

    Within a piece, what the push adds and what becomes of each unit of x do not depend on x: they are integrated
    for all pieces at once, and then handed on from piece to piece.

    Parameters
    ----------
    rates
        (d, d).
    push
        From times (k), one in each piece, to (k, d).
    times
        Ends of the pieces, rising or falling (k + 1).
    start
        x at the first of them (d).
    """
    pieces, size = len(times) - 1, len(start)

    def slope(now: FloatArray, flat: FloatArray) -> FloatArray:
        change = rates @ flat.reshape(pieces, size, size + 1)
        change[:, :, 0] += push(now)
        return change.reshape(pieces, -1)

    begin = np.tile(np.eye(size, size + 1, 1).ravel(), (pieces, 1))
    found = integrate(slope, times[:-1], times[1:], begin).reshape(pieces, size, size + 1)
    return handed_on(found[:, :, 1:], found[:, :, 0], start)


def handed_on(transitions: FloatArray, added: FloatArray, start: FloatArray) -> FloatArray:
    """Return ``x_0 = start, x_{k+1} = transitions_k x_k + added_k`` (k + 1, ...), x a vector or columns of them."""
    path = [start]
    for transition, more in zip(transitions, added, strict=True):
        path.append(transition @ path[-1] + more)
    return np.array(path)
