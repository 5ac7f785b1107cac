"""Whose money a plan moves: what the operator earns and when, who pays, what a tonne earns and where it breaks even."""

from __future__ import annotations

from typing import Any

import pandas as pd

from batteryopt.network.money.profit import STEPS
from batteryopt.network.view.scales import money_unit
from batteryopt.report import page, words
from batteryopt.report.charts import BLUE, ORANGE, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, share

FACILITIES, HARM = "facilities", "left behind"
TRACE = 1e-6
"""Share of all tonnes below which a product is a trace, left by rounding: money divided by its tonnes tells nothing."""
ABOUT = (
    "The operator is whoever runs the whole network. The tables name no payers: subsidies, the price of carbon and "
    "fines for rules that are missed stand with the government, whoever funds them (makers too, where a scheme of "
    "theirs pays). Harm of batteries that nobody collects is part of the net present cost and nobody's payment. "
    "Investments are paid out at the end for what is left of them on a straight line."
)
HOW = (
    "Each cost and each sale is carried back to the product that came back, following its mass through the recipes of "
    "the plan: what several outputs of one recipe earn belongs to what went in; several inputs divide by their mass; "
    "facilities divide over all that they work on in the plan. Money of its period, not discounted."
)


def section(saved: Saved) -> Section:
    """Return the section; for results from before there was one, nothing is in it."""
    blocks = [page.paragraph(sentence(saved)), page.paragraph(ABOUT, "note"), page.charts(present([cash(saved)]))]
    blocks += [page.table(whose(saved)), page.table(by_tonne(saved)), page.paragraph(HOW, "note")]
    blocks.append(page.table(prices(saved)))
    if has_support(saved):
        blocks.append(page.table(support(saved)))
    places = by_place(saved)
    blocks.append(page.fold(f"What a tonne earns, by place: {len(places.rows)}", [page.table(places)]))
    return Section(title="Whose money it is", blocks=blocks)


def has_money(saved: Saved) -> bool:
    """Return whether the result has its money told apart; older ones have not."""
    return bool(saved.models["design"].get("money"))


def tables(saved: Saved) -> dict[str, Table]:
    """Return what a paper would print of it."""
    if not has_money(saved):
        return {}
    found = {"parties": whose(saved), "profit-a-tonne": by_tonne(saved), "break-even": prices(saved)}
    return found | ({"subsidies": support(saved)} if has_support(saved) else {})


def sentence(saved: Saved) -> str:
    """Return what the operator earns, when it is paid back, and at which rate."""
    money, currency = saved.models["design"]["money"], _currency(saved)
    worth, part = money["present_value"], money["share_of_turnover"]
    text = f"The operator {'earns' if worth >= 0 else 'loses'} {amount(abs(worth), 4)} {currency} in present value"
    text += f", {abs(part):.1%} of a turnover of {amount(money['turnover'], 4)} {currency}" if part is not None else ""
    payback = money["payback_years"]
    if payback == 0:
        text += "; it never spends more than it has earned"
    else:
        text += (
            "; it is not paid back within the plan"
            if payback is None
            else f", paid back after {payback:g} year{'' if payback == 1 else 's'}"
        )
    return f"{text}. {_rates(money)}"


def _rates(money: dict[str, Any]) -> str:
    rates = [f"{rate:.1%}" for rate in money["rates_of_return"]]
    if money["rate_of_return"] is not None:
        return f"The internal rate of return is {rates[0]} a year."
    if not money["sign_changes"]:
        return "There is no internal rate of return: cash has the same sign in all periods."
    times = "once" if money["sign_changes"] == 1 else f"{money['sign_changes']} times"
    found = f"at {' and '.join(rates)} a year it is worth nothing" if rates else "no rate makes it worth nothing"
    return f"Cash changes its sign {times}: {found}, and no single rate of return says whether it pays."


def _currency(saved: Saved) -> str:
    return str(saved.models["design"].get("currency") or "money")


def cash(saved: Saved) -> dict[str, Any]:
    """Return the operator's cash by period, and its running sum."""
    unit, name = money_unit(saved)
    table = saved.table("cash_flow")
    traces: list[dict[str, Any]] = []
    if len(table):
        tip = {"hovertemplate": "%{y:,.3~f}"}
        traces.append(bars(table["period"], table["cash"] / unit, "Cash of the period", BLUE, **tip))
        running = bars(table["period"], table["running_cash"] / unit, "Running sum", ORANGE, **tip)
        traces.append({**running, "type": "scatter", "mode": "lines+markers"})
    return chart(
        "cash-flow", "The operator's cash, not discounted", traces, y=name, height=360, xaxis={"type": "category"}
    )


def whose(saved: Saved) -> Table:
    """Return who receives and who pays."""
    unit, name = money_unit(saved)
    table = saved.table("parties")
    rows: list[list[Cell]] = []
    for party, mine in table.groupby("party", sort=False) if len(table) else ():
        terms = ", ".join(words.words(term).lower() for term in mine["term"])
        rows.append([words.words(str(party)), float(mine["receives"].sum()) / unit, terms])
    caption = f"Who receives, and who pays (with a minus): present value, {name}"
    return Table(caption=caption, columns=["Party", name, "For"], rows=rows)


def by_tonne(saved: Saved) -> Table:
    """Return what a collected tonne of each product earns, step by step, before and after facilities."""
    unit, name = money_unit(saved)
    table = saved.table("profit_by_product").fillna({"of": ""})
    known = table[table["profit_per_collected_t"].notna() & ~table["product"].isin(_traces(saved))]
    products = list(dict.fromkeys(known["product"]))
    steps = list(dict.fromkeys(zip(table["step"], table["of"], strict=True)))
    steps.sort(key=lambda step: STEPS.index(step[0]) if step[0] in STEPS else len(STEPS))
    running = [step for step in steps if step[0] not in (FACILITIES, HARM) and not _is_policy(table, step)]
    after = [step for step in steps if step[0] == FACILITIES]
    rest = [step for step in steps if step not in running and step not in after]
    each = known.set_index(["product", "step", "of"])["profit_per_collected_t"].to_dict()
    whole = table.groupby(["step", "of"])["profit"].sum().to_dict()

    def row(label: str, chosen: list[tuple[str, str]]) -> list[Cell]:
        found = [[each[product, *step] for step in chosen if (product, *step) in each] for product in products]
        cells: list[Cell] = [sum(mine) if mine else None for mine in found]
        return [label, *cells, sum(whole[step] for step in chosen) / unit]

    rows = [row(_item(*step), [step]) for step in running]
    rows.append(row("Before facilities", running))
    rows += [row(_item(*step), [step]) for step in after]
    rows.append(row("Profit", [*running, *after]))
    rows += [row(_item(*step), [step]) for step in rest]
    columns = ["Step", *(f"{words.words(product)}, {_currency(saved)}/t" for product in products), f"All, {name}"]
    return Table(caption="What a tonne collected earns, and costs with a minus", columns=columns, rows=rows, digits=2)


def _traces(saved: Saved) -> set[str]:
    """Return products of which hardly anything is collected beside all others."""
    table = saved.table("collection")
    if not len(table):
        return set()
    collected = table.groupby("product")["collected"].sum()
    return set(collected.index[collected < TRACE * collected.sum()])


def _is_policy(table: pd.DataFrame, step: tuple[str, str]) -> bool:
    """Whether a step is one of rules, which no product has: subsidies and penalties."""
    return bool(table.loc[(table["step"] == step[0]) & (table["of"] == step[1]), "profit_per_collected_t"].isna().all())


def _item(step: str, of: str) -> str:
    return f"{words.words(step)}: {words.words(of)}" if of else words.words(step)


def prices(saved: Saved) -> Table:
    """Return prices at which the plan, kept, neither earns nor loses."""
    currency, table = _currency(saved), saved.table("break_even")
    least = TRACE * table["tonnes"].sum() if len(table) else 0.0
    rows: list[list[Cell]] = [
        [words.words(row["product"]), row["kind"], row["tonnes"], row["mean_price"], row["break_even_price"]]
        for row in table.to_dict(orient="records")
        if row["tonnes"] >= least
    ]
    columns = ["Product", "Is", "Tonnes", f"Mean price, {currency}/t", f"Break-even price, {currency}/t"]
    caption = (
        "Prices at which this plan neither earns nor loses, one changed at a time and the plan kept as it is (below 0: "
        "it earns even where that product is given away)"
    )
    return Table(caption=caption, columns=columns, rows=rows, digits=0)


def has_support(saved: Saved) -> bool:
    """Return whether there are subsidies."""
    return bool(len(saved.table("support")))


def support(saved: Saved) -> Table:
    """Return subsidies, in all and a tonne."""
    unit, name = money_unit(saved)
    rows: list[list[Cell]] = [
        [row["rule"], words.words(row["base"]), row["paid"] / unit, row["paid_per_collected_t"]]
        for row in saved.table("support").to_dict(orient="records")
    ]
    columns = ["Subsidy", "Paid for", f"Paid, {name}", f"{_currency(saved)} a tonne collected"]
    return Table(caption="Subsidies, money of its period", columns=columns, rows=rows)


def by_place(saved: Saved) -> Table:
    """Return what a tonne from each place earns by step, least first; steps without money anywhere are left out."""
    table = saved.table("profit_by_place")
    table = table[table["collected_t"] > 0].sort_values("profit_per_collected_t", kind="stable")
    names = [name for name in table.columns[2:] if (table[name] != 0).any() or name.startswith("profit")]
    rows = table[["site", "collected_t", *names]].to_numpy().tolist()
    headings = [words.words(name.removesuffix("_per_collected_t")) for name in names]
    caption = f"{_currency(saved)} a tonne collected, over all periods; the places that earn least first"
    return Table(caption=caption, columns=["Place", "Collected, t", *headings], rows=rows, digits=0)


def share_of_turnover(saved: Saved) -> list[tuple[str, str]]:
    """Return the tile that says what of the turnover is kept; none without a turnover."""
    money = saved.models["design"].get("money") or {}
    part = money.get("share_of_turnover")
    return [] if part is None else [("Profit, share of turnover", share(part).text)]
