"""A plan on the screen: what a planner asks first, in the order in which they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.data.objective import Objective
from batteryopt.network.plan import haulage
from batteryopt.network.plan.gross import gross
from batteryopt.network.plan.output import by_type, utilisation

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

UNITS = {Objective.EMISSIONS: "t CO2e", Objective.RISK: "t km people/km", Objective.COLLECTION: "t"}
MONEY_ALONE: Mapping[Objective, float] = {Objective.COST: 1.0}
PLACES_SHOWN = 5
"""Worst-served regions and missed rules that are named."""
MILLION = 1e6
NOTICED = 0.5
"""Units of a rule missed that are worth a line."""
UNTOLD = 1e-12
"""Share of the money that moves below which a difference is the rounding of sums, and nothing to tell."""
NEGLIGIBLE = 0.005
"""Money below it is not shown, or below that share of what moves where that is little."""


def summary(
    solution: Solution,
    *,
    objective: Mapping[Objective, float] = MONEY_ALONE,
    value: float | None = None,
    bound: float | None = None,
) -> Group:
    """Return a plan for the terminal: verdict, money, what stands, what travels, who is served, what is missed.

    Parameters
    ----------
    objective
        What the plan is best at, with weights.
    value, bound
        The objective and its proven bound, where there is one: they say how much better a plan could be.
    """
    said = verdict(solution, objective=objective, value=value, bound=bound)
    for remark in _remarks(solution, objective):
        said.append(f"\n{remark}", style="not bold")
    parts = [said, _money(solution), _standing(solution), _travel(solution), _service(solution)]
    return Group(*(part for part in (*parts, _missed(solution)) if part is not None))


def verdict(
    solution: Solution,
    *,
    objective: Mapping[Objective, float] = MONEY_ALONE,
    value: float | None = None,
    bound: float | None = None,
) -> Text:
    """Return the plan in three lines: what it is, what it costs and how much better one could be, what it does."""
    best = "" if bound is None or value is None else _distance(solution, objective, abs(value - bound))
    network, figures = solution.network, solution.kpis
    first, last = network.periods[0].name, network.periods[-1].name
    years = first if first == last else f"{first} to {last}"
    rate, collected, emitted = figures["collection_rate"], figures["collected_t"], figures["emissions_t"]
    lines = [
        f"Net present cost {money(solution.net_present_cost, network.currency)}{best}",
        f"{tonnes(collected)} collected, {rate:.0%} of what returns; {tonnes(emitted)} CO2e",
    ]
    return Text(f"{network.name}, {years}\n", style="bold").append("\n".join(lines), style="not bold")


def _remarks(solution: Solution, objective: Mapping[Objective, float]) -> Iterator[str]:
    """Yield what would surprise a planner who is not told."""
    if (solution.facilities["capacity_t"].astype(float) <= 0).all():
        yield "Nothing stands: no facility is open in any period"
    if Objective.COST not in objective:
        yield (
            "Costs were no part of the objective: plans as good may cost less. batteryopt frontier finds the cheapest "
            "of them"
        )


def _distance(solution: Solution, objective: Mapping[Objective, float], could: float) -> str:
    """Return in words by how much a plan could be better at most."""
    if tuple(objective) == (Objective.COST,):
        moves = gross(solution)
        could = 0.0 if could < UNTOLD * moves else could
        share = f", {could / moves:.2%} of the money that moves" if moves and could else ""
        return f"; no plan can be better by more than {money(could, solution.network.currency)}{share}"
    if len(objective) == 1:
        (kind,) = objective
        return f"; best in {kind.value}, where no plan can be better by more than {could:,.6g} {UNITS[kind]}"
    return f"; best in {' and '.join(kind.value for kind in objective)}, weighted, to within {could:,.6g}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _money(solution: Solution) -> Table:
    unit, name = _unit(solution)
    table = _table("Money", "", f"{name} {solution.network.currency}".strip())
    noticed = min(NEGLIGIBLE, NEGLIGIBLE * gross(solution))
    for term, value in solution.cost_terms.items():
        if abs(value) > noticed:
            table.add_row(term, figure(value / unit))
    table.add_section()
    table.add_row("net present cost", figure(solution.net_present_cost / unit))
    return table


def _unit(solution: Solution) -> tuple[float, str]:
    """Return the unit that the plan's money is shown in."""
    largest = max(abs(value) for value in solution.cost_terms.values())
    return (MILLION, "million") if largest >= MILLION else (1.0, "")


def _standing(solution: Solution) -> Table | None:
    """Return what stands at the end, by type, with the largest places; what only stores or costs is left out."""
    last = solution.network.periods[-1].name
    table = _table("What stands", "type", "in period", "places", "capacity, t", "used, t", "largest")
    places = utilisation(solution)
    for type_, period, count, capacity, used in by_type(solution):
        is_first_or_last = period in (solution.network.periods[0].name, last)
        if not is_first_or_last or capacity <= 0:
            continue
        mine = places[(places["type"] == type_) & (places["period"] == period)].nlargest(3, "capacity_t")
        largest = ", ".join(f"{row.site} ({row.capacity_t:,.0f} t)" for row in mine.itertuples())
        table.add_row(type_, period, str(count), f"{capacity:,.0f}", use_of(used, capacity), largest)
    return table if table.row_count else None


def use_of(used: float, capacity: float) -> str:
    """Return tonnes, and their share: who is paid by the tonne may have room for all, and is not idle at "0%"."""
    share = used / capacity
    return f"{used:,.0f} ({'<1%' if 0 < share < 0.005 else format(share, '.0%')})"


def _travel(solution: Solution) -> Table | None:
    loads = haulage.shipments(solution)
    trips = haulage.journeys(solution)
    unit, name = _unit(solution)
    cost_column = f"undiscounted cost, {name} {solution.network.currency}".replace("  ", " ")
    table = _table("What travels", "mode", "tonnes", "km a tonne", cost_column, "t CO2e", "trips")
    for mode in solution.network.modes:
        mine, journeys = loads[loads["mode"] == mode.name], trips[trips["mode"] == mode.name]
        carried = float(mine["tonnes"].sum())
        if carried <= 0:
            continue
        km = float((mine["tonnes"] * mine["km"]).sum()) / carried
        cost = float(mine["cost"].sum() + journeys["cost"].sum())
        emitted = float(mine["emission_kg"].sum() + journeys["emission_kg"].sum()) / KG_PER_T
        count = f"{float(journeys['trips'].sum()):,.0f}" if len(journeys) else ""
        table.add_row(mode.name, f"{carried:,.0f}", f"{km:,.0f}", figure(cost / unit), f"{emitted:,.0f}", count)
    return table if table.row_count else None


def _service(solution: Solution) -> Table | None:
    """Return the regions served worst in the last period; nothing where all is collected."""
    region = {site.name: site.region or site.name for site in solution.network.sites}
    collected = solution.collected_t
    last = collected[collected["period"] == solution.network.periods[-1].name]
    sums = last.assign(region=last["site"].map(region)).groupby("region")[["returned", "collected"]].sum()
    sums = sums[sums["returned"] > 0]
    rates = (sums["collected"] / sums["returned"]).astype(float).sort_values()
    if rates.empty or rates.iloc[0] > 1 - 1e-6:
        return None
    table = _table(f"Served worst in {solution.network.periods[-1].name}", "region", "returned, t", "collected")
    for name, rate in _first(rates):
        table.add_row(name, f"{float(sums['returned'].loc[name]):,.0f}", f"{max(rate, 0.0):.0%}")
    return table


def _missed(solution: Solution) -> Table | None:
    """Return the soft rules that the plan misses, dearest first."""
    breaches = [b for b in solution.breaches if b.penalty is not None and b.amount > NOTICED]
    if not breaches:
        return None
    breaches.sort(key=lambda b: -b.amount * (b.penalty or 0.0))
    more = f", the dearest {PLACES_SHOWN} of {len(breaches)}" if len(breaches) > PLACES_SHOWN else ""
    table = _table(f"Rules that are missed{more}", "rule", "where", "when", "by")
    for breach in breaches[:PLACES_SHOWN]:
        table.add_row(breach.rule, breach.place, breach.period, f"{breach.amount:,.0f} {breach.unit}")
    return table


def _first(rates: pd.Series[float]) -> Iterator[tuple[str, float]]:
    return ((str(name), float(rate)) for name, rate in rates.head(PLACES_SHOWN).items())


def money(amount: float, currency: str) -> str:
    """Return an amount in words: millions from a million on."""
    text = f"{amount / MILLION:,.3f} million" if abs(amount) >= MILLION else figure(amount)
    return f"{text} {currency}".strip()


def figure(amount: float) -> str:
    """Return an amount with two decimals, or with the digits it needs where these would not show it."""
    return f"{amount:,.2f}" if amount == 0 or abs(amount) >= NEGLIGIBLE else f"{amount:.4g}"


def tonnes(amount: float) -> str:
    """Return tonnes, kilotonnes from a hundred thousand on."""
    return f"{amount / 1000:,.0f} kt" if abs(amount) >= 1e5 else f"{amount:,.0f} t"
