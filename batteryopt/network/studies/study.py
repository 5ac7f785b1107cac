"""A study: a base, named what-ifs and policies as grids, each asked some questions, as one piece of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.rounding import without_noise
from batteryopt.network.data.instance import Network
from batteryopt.network.studies.policies import government_money, template_of, under
from batteryopt.network.studies.variants import FACILITIES, Variant, base_row, rows_beside
from batteryopt.network.tables.changed import changed
from batteryopt.tables.changes import Change

BASE = "base"
NOISE = 1e-9
"""Of the size of two numbers, by which they may differ and be the same: plans come from solvers of about 1e-9."""
RATE_DIGITS = 7
"""Decimals of a collection rate by which two plans collect the same."""
QUESTIONS = ("cost", "emissions", "risk", "collection", "keep existing", "keep base")
"""What is minimised (collection: maximised); or the least cost with today's facilities, or with those of the base."""


@dataclass(frozen=True, kw_only=True)
class PolicyGrid:
    """A policy with its rates; the target is that of reward-penalty, `place` where it was asked for."""

    name: str
    rates: tuple[float, ...]
    target: float = 0.5
    place: str = "policies"

    def variant(self, rate: float) -> str:
        """Return what the network under one of the rates is called."""
        return f"{self.name} {rate:g}"


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What is asked of what.

    Attributes
    ----------
    what_ifs
        Changes by name.
    options
        As in `solve`; a time limit holds for each solve.

    Raises
    ------
    InvalidInput
        If a question or a policy is unknown, or a name stands twice: tables and journal tell variants by their names.
    """

    name: str
    network: Network
    what_ifs: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    policies: tuple[PolicyGrid, ...] = ()
    questions: tuple[str, ...] = ("cost",)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = [*_unknown(self), *_given_twice(self)]
        if faults:
            raise InvalidInput(self.name, faults)

    def to_json(self) -> dict[str, Any]:
        """Return what is asked as plain data: with the network it says which work this is."""
        return {
            "what_ifs": {name: [str(change) for change in changes] for name, changes in self.what_ifs.items()},
            "policies": {grid.name: [*grid.rates, grid.target] for grid in self.policies},
            "questions": list(self.questions),
            "options": dict(self.options),
        }


@dataclass(frozen=True, kw_only=True)
class Study:
    """What came of it.

    Attributes
    ----------
    table
        A row a variant and question: its name, policy and rate, figures, government money and what it is a tonne more
        collected than in the base.
    regions
        A row a variant and region, of the question of cost: what returns, is collected and costs there.
    facilities
        A row a variant, facility and period, of the question of cost.
    """

    plan: StudyPlan
    table: pd.DataFrame
    regions: pd.DataFrame
    facilities: pd.DataFrame


def run_study(
    plan: StudyPlan,
    *,
    identity: Mapping[str, Any] | None = None,
    journal: Path | None = None,
    restart: bool = False,
    jobs: int = 1,
    scheduler: str = "",
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Study:
    """Return what comes of a study.

    Raises
    ------
    InvalidInput
        With everything wrong about its names and changes, before anything is solved; or if the base has no plan.
    """
    networks = _what_ifs(plan)
    base = base_row(plan.name, _variant(BASE, plan.network, plan.options))
    others = rows_beside(
        base,
        list(_variants(plan, networks, base)),
        name="study",
        identity=identity or {},
        jobs=jobs,
        scheduler=scheduler,
        journal=journal,
        restart=restart,
        on_progress=on_progress,
    )
    rows = [base, *others]
    return Study(plan=plan, table=_table(plan, rows), regions=_regions(rows), facilities=_facilities(rows))


def _unknown(plan: StudyPlan) -> Iterator[Fault]:
    for question in plan.questions:
        if question not in QUESTIONS:
            remedy = f"expected one of {', '.join(QUESTIONS)}"
            yield Fault(place="questions", problem=f"'{question}' is no question", remedy=remedy)
    for grid in plan.policies:
        try:
            template_of(grid.name)
        except InvalidInput as error:
            yield from error.faults


def _given_twice(plan: StudyPlan) -> Iterator[Fault]:
    """Yield the names that two variants would share, each with where it stands."""
    for question, count in Counter(plan.questions).items():
        if count > 1:
            yield Fault(place="questions", problem=f"'{question}' stands {count} times", remedy="ask it once")
    first: dict[str, PolicyGrid] = {}
    for grid in plan.policies:
        earlier = first.setdefault(grid.name, grid)
        if earlier is not grid:
            places = " and ".join(dict.fromkeys((earlier.place, grid.place)))
            remedy = "give all its rates at once; another target is another study"
            yield Fault(place=places, problem=f"the policy '{grid.name}' stands twice", remedy=remedy)
    taken = {BASE: "the network as it is"}
    for grid in first.values():
        for name, count in Counter(map(grid.variant, grid.rates)).items():
            taken[name] = f"the policy of {grid.place}"
            if count > 1:
                problem = f"'{name}' stands {count} times, read to six digits"
                yield Fault(place=grid.place, problem=problem, remedy="name every rate once")
    for name in plan.what_ifs:
        if name in taken:
            problem = f"the what-if '{name}' has the name of {taken[name]}"
            yield Fault(place="what-ifs", problem=problem, remedy="give it another name")


def _what_ifs(plan: StudyPlan) -> dict[str, Network]:
    networks, faults = {}, []
    for name, changes in plan.what_ifs.items():
        try:
            networks[name] = changed(plan.network, changes)
        except InvalidInput as error:
            faults += [Fault(place=f"{name}, {f.place}", problem=f.problem, remedy=f.remedy) for f in error.faults]
    if faults:
        raise InvalidInput(plan.name, faults)
    return networks


def _variant(
    name: str, network: Network | None, options: Mapping[str, Any], question: str = "cost", **more: Any
) -> Variant:
    labels = {"variant": name, "policy": more.pop("policy", ""), "rate": more.pop("rate", None), "question": question}
    objective = question if question in ("emissions", "risk", "collection") else "cost"
    return Variant(labels=labels, network=network, objective=objective, options=options, **more)


def _variants(plan: StudyPlan, networks: Mapping[str, Network], base: Mapping[str, Any]) -> Iterator[Variant]:
    kept = {"keep existing": "existing", "keep base": base[FACILITIES]}
    for name, here in {BASE: plan.network, **networks}.items():
        for question in plan.questions:
            if (name, question) not in ((BASE, "cost"), (BASE, "keep base")):
                yield _variant(name, here, plan.options, question, kept=kept.get(question))
    for grid in plan.policies:
        template = template_of(grid.name, grid.target)
        for rate in grid.rates:
            network, refused = under(plan.network, template, rate, base)
            yield _variant(grid.variant(rate), network, plan.options, policy=grid.name, rate=rate, refused=refused)


# ---- tables --------------------------------------------------------------------------------------------------------


def _table(plan: StudyPlan, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows with government money, and what it is a tonne more collected than without the policy."""
    targets = {grid.name: grid.target for grid in plan.policies}
    plain = pd.DataFrame([{k: v for k, v in row.items() if not k.startswith("_")} for row in rows])
    templates = [template_of(row["policy"], targets[row["policy"]]) if row["policy"] else None for row in rows]
    levied = [
        t.levied(plan.network, row["rate"]) if t is not None else 0.0 for t, row in zip(templates, rows, strict=True)
    ]
    from_owner = [
        levy if t is not None and t.is_levied_from_owner else 0.0 for t, levy in zip(templates, levied, strict=True)
    ]
    money = [government_money(row, levy) if FACILITIES in row else None for row, levy in zip(rows, levied, strict=True)]
    table = plain.assign(government_money=pd.Series(money, dtype=float), cost=plain["cost"] + pd.Series(from_owner))
    base = table.iloc[0]
    more = known_difference(table["kpis.collected_t"] - base["kpis.collected_t"], table["kpis.collected_t"])
    paid = known_difference(table["government_money"] - base["government_money"], table["cost"])
    noticed = more > 1e-6 * max(1.0, float(base["kpis.collected_t"]))  # where less is collected no tonne has a price
    return table.assign(
        cost_difference=known_difference(table["cost"] - base["cost"], table["cost"]),
        collected_more_t=more,
        government_more=paid,
        government_per_t_more=(paid / more).where(noticed & (table["policy"] != "")),
    )


def known_difference(differences: pd.Series[float], of: pd.Series[float]) -> pd.Series[float]:
    """Return differences of what solvers found, zero where they are no more than `NOISE` of what they come from."""
    return without_noise(differences, of=of, share=NOISE)


def _regions(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    found = [
        {"variant": row["variant"], "region": region, "returned_t": r, "collected_t": c, "net_present_cost": cost}
        for row in rows
        if row["question"] == "cost"
        for region, (r, c, cost) in row.get("_regions", {}).items()
    ]
    return pd.DataFrame(found, columns=["variant", "region", "returned_t", "collected_t", "net_present_cost"])


def _facilities(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = ["variant", "site", "type", "level", "period", "capacity_t"]
    found = [
        [row["variant"], *facility] for row in rows if row["question"] == "cost" for facility in row.get(FACILITIES, ())
    ]
    return pd.DataFrame(found, columns=columns)


def at_equal_collection(table: pd.DataFrame, count: int = 4) -> pd.DataFrame:
    """Return the government money that each policy needs for the same collection rates, on lines between its rates."""
    base = table.iloc[0]
    lines = {}
    for policy, part in table[table["policy"] != ""].groupby("policy", sort=False):
        points = pd.concat([table.iloc[:1], part])[["kpis.collection_rate", "government_more", "collected_more_t"]]
        points["kpis.collection_rate"] = points["kpis.collection_rate"].round(RATE_DIGITS)
        lines[str(policy)] = points.dropna().groupby("kpis.collection_rate").min().sort_index()
    highest = max((line.index.max() for line in lines.values() if len(line) > 1), default=float("nan"))
    low = round(float(base["kpis.collection_rate"]), RATE_DIGITS)
    rows = []
    if highest > low:
        for step in range(1, count + 1):
            rate = low + (highest - low) * step / count
            row: dict[str, Any] = {"collection_rate": rate}
            for policy, line in lines.items():
                inside = len(line) > 1 and line.index.min() <= rate <= line.index.max() + 1e-12
                row[policy] = _between(line, rate) if inside else None
            rows.append(row)
    return pd.DataFrame(rows)


def _between(line: pd.DataFrame, rate: float) -> float | None:
    """Return money a tonne more collected at a rate, on the line between the two points beside it."""
    rates = line.index.to_numpy(dtype=float)
    money = float(np.interp(rate, rates, line["government_more"]))
    tonnes = float(np.interp(rate, rates, line["collected_more_t"]))
    return money / tonnes if tonnes > 0 else None
