"""What a network's cost and collection depend on: every number a little less and a little more, one at a time.

Each is tried twice: with the facilities of the base plan kept (what is at stake when it turns out otherwise after the
plan is built) and with all decided anew (what it is worth to know before).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.rounding import without_noise
from batteryopt.network.data.instance import Network
from batteryopt.network.studies.levers import Lever, levers_of
from batteryopt.network.studies.variants import (
    FACILITIES,
    Variant,
    base_row,
    refused_in_words,
    rows_beside,
    solve_variant,
)
from batteryopt.network.tables.changed import changed
from batteryopt.tables.changes import Change, How

KEPT, FREE = "plan kept", "plan free"
STEPS = 12
"""Halvings of an interval in which a threshold is sought."""
NOISE = 1e-9
"""Share of the cost, or of all that returns, up to which two solves tell no difference: their last digits."""
SMALL = 0.01
"""Share by which something is more where its value is asked for."""


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What came of it.

    Attributes
    ----------
    base
        The row of the base.
    table
        A row a lever, direction and whether the plan is kept.
    values
        What one more of a capacity, a target or a budget is worth, with the facilities kept.
    thresholds
        Where the plan changes, by key.
    """

    network: Network
    share: float
    base: Mapping[str, Any]
    table: pd.DataFrame
    values: pd.DataFrame
    thresholds: pd.DataFrame


def sensitivity(
    network: Network,
    *,
    share: float = 0.1,
    thresholds: Sequence[tuple[str, How, float, float]] = (),
    journal: Path | None = None,
    restart: bool = False,
    identity: Mapping[str, Any] | None = None,
    jobs: int = 1,
    scheduler: str = "",
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    **options: Any,
) -> Sensitivity:
    """Return what a network depends on.

    Parameters
    ----------
    share
        By which each number is less and more.
    thresholds
        Keys with the interval in which to look for where the set of facilities changes.
    identity
        What a journal belongs to, as plain data.
    options
        As in `solve`; a time limit holds for each solve.

    Raises
    ------
    InvalidInput
        If the base has no plan, or a key names nothing.
    """
    for key, how, low, high in thresholds:  # told before anything is solved
        for value in (low, high):
            changed(network, [Change(key=key, how=how, value=value)])
    base = base_row(network.name, Variant(labels={"lever": "base"}, network=network, options=options))
    variants = [*_tornado(network, share, base, options), *_worth(network, base, options)]
    rows = rows_beside(
        base,
        variants,
        name="sensitivity",
        identity=identity or {},
        jobs=jobs,
        scheduler=scheduler,
        journal=journal,
        restart=restart,
        on_progress=on_progress,
    )
    table = pd.DataFrame([row for row in rows if row["group"] == "tornado"])
    values = pd.DataFrame([row for row in rows if row["group"] == "value"])
    table, values = (_against(frame, base) for frame in (table, values))
    found = [_threshold(network, *asked, base, options) for asked in thresholds]
    return Sensitivity(
        network=network, share=share, base=base, table=table, values=values, thresholds=pd.DataFrame(found)
    )


def _against(frame: pd.DataFrame, base: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows without what is no number of theirs, with their differences from the base."""
    frame = frame.drop(columns=[c for c in frame if str(c).startswith("_")], errors="ignore")
    if frame.empty or "cost" not in frame:
        return frame
    differences = {"cost_difference": "cost", "collection_rate_difference": "kpis.collection_rate"}
    for name, of in differences.items():
        against = pd.Series([1.0 if of != "cost" else float(base["cost"]), *frame[of]])
        frame[name] = without_noise(frame[of] - base[of], of=against, share=NOISE)
    if "amount" in frame:
        frame = frame.assign(value_per_unit=frame["cost_difference"] / frame["amount"])
    return frame


def _tornado(network: Network, share: float, base: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Variant]:
    for lever in levers_of(network):
        for factor in (1.0 - share, 1.0 + share):
            other, refused = _changed(network, lever.key, factor)
            for plan in (KEPT, FREE):
                labels = {**_labels(lever), "group": "tornado", "factor": factor, "plan": plan}
                kept = _kept(network, other, base) if plan == KEPT else None
                yield Variant(labels=labels, network=other, refused=refused, kept=kept, options=options)


def _labels(lever: Lever) -> dict[str, Any]:
    return {"lever": lever.name, "key": lever.key, "kind": lever.kind}


def _changed(network: Network, key: str, factor: float) -> tuple[Network | None, str]:
    try:
        return changed(network, [Change(key=key, how=How.TIMES, value=factor)]), ""
    except InvalidInput as error:
        return None, refused_in_words(error)


def _kept(network: Network, other: Network | None, base: Mapping[str, Any]) -> list[list[Any]]:
    """Return the base's facilities as they stand in another network: a whole level is as large as it is there."""
    rows: list[list[Any]] = [list(row) for row in base[FACILITIES]]
    if other is None:
        return rows
    old, new = _capacities(network), _capacities(other)
    for row in rows:
        level = (row[0], row[1], row[2])
        if level in new and old.get(level) == row[4]:
            row[4] = new[level]
    return rows


def _capacities(network: Network) -> dict[tuple[str, str, str], float]:
    return {
        (candidate.site, candidate.type, level.name): level.capacity_t
        for candidate in network.candidates
        for level in network.levels_of(candidate)
    }


def _worth(network: Network, base: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Variant]:
    """Yield networks with a little more of what binds, the facilities kept."""
    for type_ in network.types:
        standing = {(row[0], row[1]): row[4] for row in base[FACILITIES] if row[1] == type_.name}
        if standing:
            other, refused = _changed(network, f'levels[type="{type_.name}"].capacity_t', 1 + SMALL)
            amount = SMALL * sum(standing.values())
            yield _valued(network, f"capacity of {type_.name}", "t a period", amount, other, refused, base, options)
    policy = network.policy
    for number, rule in enumerate(policy.collection_targets):
        share = max(network.profile(rule.share))
        if share + SMALL <= 1:
            moved = dataclasses.replace(rule, share=tuple(min(1.0, v + SMALL) for v in network.profile(rule.share)))
            rules = (*policy.collection_targets[:number], moved, *policy.collection_targets[number + 1 :])
            other = network.replace(collection_targets=rules)
            yield _valued(
                network, f"target {rule.name or number + 1}", "of the returns", SMALL, other, "", base, options
            )
    for name in ("budget", "emission_cap_total_t", "emission_cap_t"):
        value = getattr(policy, name)
        if value is not None and (max(value) if isinstance(value, tuple) else value):
            other, refused = _changed(network, f"policy.{name}", 1 + SMALL)
            amount = SMALL * float(sum(network.profile(value))) if name != "emission_cap_total_t" else SMALL * value
            yield _valued(network, name.replace("_", " "), "", amount, other, refused, base, options)


def _valued(
    base_network: Network,
    name: str,
    unit: str,
    amount: float,
    network: Network | None,
    refused: str,
    base: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Variant:
    labels = {"lever": name, "group": "value", "amount": amount, "unit": unit, "plan": KEPT}
    exact = {**options, "gap": 0.0}
    return Variant(
        labels=labels, network=network, refused=refused, kept=_kept(base_network, network, base), options=exact
    )


def _threshold(
    network: Network, key: str, how: How, low: float, high: float, base: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the interval in which the set of facilities changes between two values of a key, by halving."""

    def sites(value: float) -> tuple[tuple[str, str], ...]:
        other = changed(network, [Change(key=key, how=how, value=value)])
        (row,) = solve_variant(Variant(labels={}, network=other, options=options), [base])
        return tuple(sorted({(f[0], f[1]) for f in row.get(FACILITIES, ())}))

    before, after = sites(low), sites(high)
    found: dict[str, Any] = {
        "key": key if how is How.SET else f"{key}{how.sign}",
        "from": low,
        "to": high,
        "before": _listed(before),
    }
    if before == after:
        return {**found, "after": _listed(after), "remark": "the same facilities at both ends"}
    for _ in range(STEPS):
        middle = (low + high) / 2
        now = sites(middle)
        if now == before:
            low = middle
        else:
            high, after = middle, now
    remark = "the first change above the lower end; there may be others"
    return {**found, "from": low, "to": high, "after": _listed(after), "remark": remark}


def _listed(sites: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{site} {type_}" for site, type_ in sites) or "nothing"
