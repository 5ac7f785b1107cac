"""What the picture of a sweep shows, whatever draws it: panels of lines over one key, or maps over two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
CONTRACT, BEFORE = "contract", "decentralized"
"""The model that a contract is, and the one that it replaces, in every family."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """One number over the key, a line a model; NaN where a model has no answer."""

    title: str
    lines: dict[str, FloatArray]


@dataclass(frozen=True, kw_only=True)
class Map:
    """One number over two keys: rows follow the second key, columns the first."""

    title: str
    values: FloatArray
    is_shared: bool = False
    """Whether its colours are those of all other shared maps."""


def lines_of(frame: pd.DataFrame, key: str, names: Sequence[str]) -> list[Lines]:
    """Return the panels of a sweep over one key: those of the named numbers that at least one model has."""
    return [
        Lines(title=title_of(name, items), lines=lines)
        for name, items in _present(frame, names)
        if (lines := dict(_model_lines(frame, key, items)))
    ]


def maps_of(frame: pd.DataFrame, keys: Sequence[str], names: Sequence[str]) -> list[Map]:
    """Return the maps of a sweep over two keys: each model's total, what the contract gains, and its terms.

    The total is the first of the names; terms are those of the others that only the contract has.
    """
    (across, up), (total, *others) = keys, names
    contract = frame[frame["model"] == CONTRACT]
    rest = frame[frame["model"] != CONTRACT]
    totals = {
        model: _pivot(part, across, up, [total]) for model, part in _by_model(frame) if total in frame and len(part)
    }
    maps = [
        Map(title=f"{title_of(total)} ({model})", values=values, is_shared=True)
        for model, values in totals.items()
        if model != CONTRACT
    ]
    if CONTRACT in totals and BEFORE in totals:
        maps.append(Map(title="gain of the chain by the contract", values=totals[CONTRACT] - totals[BEFORE]))
    for name, items in _present(contract, others):
        if rest[items].isna().to_numpy().all():
            maps.append(Map(title=f"{title_of(name, items)} (contract)", values=_pivot(contract, across, up, items)))
    return maps


def axis_values(frame: pd.DataFrame, key: str) -> FloatArray:
    """Return the values of a key, ascending."""
    return np.unique(frame[key].to_numpy(dtype=float))


def contract_spans(frame: pd.DataFrame, key: str) -> list[tuple[float, float]]:
    """Return the intervals of the key in which the contract exists.

    Between a point with a contract and its neighbour without one, the end is drawn half-way.
    """
    part = frame[frame["model"] == CONTRACT].sort_values(key)
    if part.empty:
        return []
    keys = part[key].to_numpy(dtype=float)
    exists = part["objective"].notna().to_numpy()
    middles = (keys[1:] + keys[:-1]) / 2
    edges = np.concatenate([keys[:1], middles, keys[-1:]])
    return [(float(edges[first]), float(edges[last + 1])) for first, last in _runs(exists)]


def title_of(name: str, items: Sequence[str] = ()) -> str:
    """Return a dotted name in words."""
    words = name.replace("_", " ").replace(".", ": ")
    return f"{words} (mean of {len(items)})" if len(items) > 1 else words


def _present(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names that the table has, each with its columns: itself, or the items of a list."""
    for name in names:
        items = [column for column in frame.columns if column == name or column.startswith(f"{name}.")]
        items = [column for column in items if frame[column].notna().any()]
        if items:
            yield name, items


def _by_model(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each model's rows, the optimiser's where both routes are there."""
    for model in dict.fromkeys(frame["model"]):
        part = frame[frame["model"] == model]
        routes = set(part["route"])
        is_doubled = len(part) > len(part.drop_duplicates(subset=list(frame.columns[: frame.columns.get_loc("model")])))
        yield str(model), part[part["route"] == "optimizer"] if is_doubled and "optimizer" in routes else part


def _model_lines(frame: pd.DataFrame, key: str, items: Sequence[str]) -> Iterator[tuple[str, FloatArray]]:
    for model, part in _by_model(frame):
        values = part.sort_values(key)[list(items)].astype(float).mean(axis=1).to_numpy()
        if np.isfinite(values).any():
            yield model, values


def _pivot(part: pd.DataFrame, across: str, up: str, items: Sequence[str]) -> FloatArray:
    values = part.assign(value=part[list(items)].astype(float).mean(axis=1))
    return values.pivot_table(index=up, columns=across, values="value", dropna=False).to_numpy(dtype=float)


def _runs(exists: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield first and last position of every run of truths."""
    padded = np.concatenate([[False], exists, [False]]).astype(int)
    changes = np.flatnonzero(np.diff(padded))
    yield from zip(changes[::2].tolist(), (changes[1::2] - 1).tolist(), strict=True)
