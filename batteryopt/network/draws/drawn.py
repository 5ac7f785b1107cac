"""What a source of uncertainty gives: changes and rows of each draw, and what tells one draw from another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.instance import Group, Limit, Return
from batteryopt.tables.changes import Change

Floats = npt.NDArray[np.float64]

NINETY_PERCENT = 1.6448536269514722
"""The standard normal distribution has nine tenths of its probability within this distance of 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FanPanel:
    """One picture of the draws of a source.

    Attributes
    ----------
    title, unit
        What is drawn.
    base
        By period (T): what the tables say.
    draws
        By draw and period (N, T).
    """

    title: str
    unit: str
    base: Floats
    draws: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnSource:
    """The draws of one source of uncertainty.

    Attributes
    ----------
    name
        Of the source.
    changes
        Of each draw, to the base tables.
    returns
        Of each draw, rows of the table of returns that stand in the place of the base's; none: changes say it all.
    coordinates
        By draw and number that differs (N, K): how far two draws are apart is measured here.
    factors
        What was drawn, by name: one number a draw.
    panels
        Pictures.
    groups, limits
        What the base needs for the changes to name, without effect there.
    words
        What was assumed, for people.
    """

    name: str
    changes: Sequence[tuple[Change, ...]]
    returns: Sequence[tuple[Return, ...]] = ()
    coordinates: Floats
    factors: Mapping[str, Floats] = field(default_factory=dict)
    panels: tuple[FanPanel, ...] = ()
    groups: tuple[Group, ...] = ()
    limits: tuple[Limit, ...] = ()
    words: str = ""


def spread_of_band(band: float) -> float:
    """Return the standard deviation of logarithms for which nine of ten factors lie within 1 + band, up or down."""
    return math.log1p(band) / NINETY_PERCENT


def lognormal(normal: Floats, spread: float | Floats, *, is_mean_one: bool) -> Floats:
    """Return factors with given standard deviations of their logarithms, of median 1, or of mean 1.

    The mean of exp(s z) is exp(s^2 / 2), which is taken off for the second.
    """
    off = 0.5 * np.square(spread) if is_mean_one else 0.0
    return np.asarray(np.exp(spread * normal - off), dtype=float)


def correlated(normal: Floats, correlation: float) -> Floats:
    """Return independent standard normal numbers (N, K) as ones of which each pair has a correlation.

    A Cholesky factor of the matrix of ones and `correlation`, which is one for correlations above -1 / (K - 1).
    """
    size = normal.shape[1]
    matrix = np.full((size, size), correlation) + (1.0 - correlation) * np.eye(size)
    return np.asarray(normal @ np.linalg.cholesky(matrix).T, dtype=float)


def quoted(name: str) -> str:
    """Return a name as a condition of a key has it: in quotation marks where it would be read as something else."""
    if not set(name) & set(",=[]\"':") and name == name.strip():
        return name
    return f'"{name}"' if '"' not in name else f"'{name}'"
