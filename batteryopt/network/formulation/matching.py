"""Which rows of two tables of codes belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def match(left: Mapping[str, Ints], right: Mapping[str, Ints]) -> tuple[Ints, Ints]:
    """Return positions (n), (n) of all pairs of a left and a right row that agree in every column that both have."""
    common = [name for name in left if name in right]
    n_left, n_right = (len(next(iter(table.values()))) for table in (left, right))
    if not common or not n_left or not n_right:
        pairs = np.arange(n_left * n_right, dtype=np.int64)
        return pairs // max(n_right, 1), pairs % max(n_right, 1)
    mine, theirs = [left[name] for name in common], [right[name] for name in common]
    if n_left == n_right and all(map(_are_equal, mine, theirs)):
        theirs = mine
    left_keys, right_keys, size = _keys(mine, theirs)
    return _pairs_by_table(left_keys, right_keys, size)


def _keys(left: Sequence[Ints], right: Sequence[Ints]) -> tuple[Ints, Ints, int]:
    """Return one key for each row of both sides, and their number; a code beyond the other side's meets nobody."""
    left_keys = np.zeros(len(left[0]), dtype=np.int64)
    right_keys = left_keys if right is left else np.zeros(len(right[0]), dtype=np.int64)
    size = 1
    for mine, theirs in zip(left, right, strict=True):
        low = min(int(mine.min()), int(theirs.min()))
        base = max(int(mine.max()), int(theirs.max())) - low + 1
        for keys, codes in ((left_keys, mine),) if right is left else ((left_keys, mine), (right_keys, theirs)):
            keys *= base
            keys += codes
            keys -= low
        size *= base
    if size > 8 * (len(left_keys) + len(right_keys)) + 1_000_000:
        known, inverse = np.unique(np.concatenate([left_keys, right_keys]), return_inverse=True)
        return inverse[: len(left_keys)], inverse[len(left_keys) :], len(known)
    return left_keys, right_keys, size


def _pairs_by_table(left: Ints, right: Ints, size: int) -> tuple[Ints, Ints]:
    """Return all pairs of equal keys, by a table of where each key's rows stand among the right ones."""
    if right is left and is_rising(left):  # row for row the same
        rows = np.arange(len(left), dtype=np.int64)
        return rows, rows
    counts = np.bincount(right, minlength=size)
    if counts.max() <= 1:  # the usual case: one partner at most
        partner = np.full(size, -1, dtype=np.int64)
        partner[right] = np.arange(len(right))
        found = partner[left]
        if found.min() >= 0:
            return np.arange(len(left), dtype=np.int64), found
        rows = np.flatnonzero(found >= 0)
        return rows, found[rows]
    if np.bincount(left, minlength=size).max() <= 1:
        rows, entries = _pairs_by_table(right, left, size)
        return entries, rows
    order = np.argsort(right, kind="stable")
    begin = np.cumsum(counts) - counts
    repeats = counts[left]
    rows = np.repeat(np.arange(len(left)), repeats)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return rows, order[np.repeat(begin[left], repeats) + within]


def _are_equal(one: Ints, other: Ints) -> bool:
    return one is other or np.array_equal(one, other)


def is_rising(codes: Ints) -> bool:
    """Whether codes stand in order, none twice."""
    return bool(np.all(codes[1:] > codes[:-1]))


def sorted_distinct(codes: Ints) -> Ints:
    """Return codes in order, each once; by sorting, which is much faster here than a table of hashes."""
    if is_rising(codes):
        return codes
    ordered = np.sort(codes)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
