"""A plan for all futures on the screen, and in words: what it costs, what knowing more would be worth, what stands."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from batteryopt.network.data.instance import Network
from batteryopt.network.futures.joint_answer import JointAnswer
from batteryopt.network.futures.joint_words import of_the_sample, worth_knowing
from batteryopt.network.plan.summary import money

SHOWN = 20
"""Futures, and facilities, that are listed."""


def summary(answer: JointAnswer) -> Group:
    """Return a plan for the terminal: verdict, futures, what stands in all of them."""
    return Group(_verdict(answer), _futures(answer), first_stage_table(answer.network, answer.first_stage))


def _verdict(answer: JointAnswer) -> Text:
    assert answer.objective is not None
    assert answer.expected is not None
    currency, network = answer.network.currency, answer.network
    lines = [f"Expected net present cost {money(answer.expected, currency)} over {len(answer.likely)} futures"]
    if answer.risk.weight > 0:
        lines.append(f"Minimised is {answer.risk.words}: {money(answer.objective, currency)}")
    lines += in_words(answer)
    return Text(f"{network.name}\n", style="bold").append("\n".join(lines), style="not bold")


def in_words(answer: JointAnswer) -> list[str]:
    """Return what it would be worth to know more, as sentences."""
    evpi, vss, currency = answer.evpi, answer.vss, answer.network.currency
    found = worth_knowing(
        None if evpi is None else evpi.to_json(),
        None if vss is None else vss.value,
        None if vss is None else vss.to_json(),
        is_kept=answer.is_kept or answer.mean_future is None,
        shown=lambda amount: money(amount, currency),
    )
    if answer.sampled is not None:
        found.append(of_the_sample(answer.sampled.to_json(), lambda amount: money(amount, currency)))
    return found


def _futures(answer: JointAnswer) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Future", "Probability", "Cost", "Best alone", "Plan for the mean", "Collected"):
        table.add_column(column, justify="left" if column == "Future" else "right")
    currency = answer.network.currency
    for outcome in answer.outcomes[:SHOWN]:
        alone = None if outcome.alone is None else outcome.alone.objective
        mean = None if outcome.mean_plan is None else outcome.mean_plan.objective
        collected = "–" if outcome.solution is None else f"{outcome.solution.kpis['collection_rate']:.0%}"
        costs = ["–" if value is None else money(value, currency) for value in (outcome.cost, alone, mean)]
        table.add_row(outcome.name, f"{outcome.probability:.3g}", *costs, collected)
    if len(answer.outcomes) > SHOWN:
        table.add_row(f"and {len(answer.outcomes) - SHOWN} more")
    return table


def first_stage_table(network: Network, stands: pd.DataFrame) -> Table:
    """Return what stands at the end of the plan, whatever comes."""
    last = network.periods[-1].name
    stands = stands[stands["period"] == last].sort_values("capacity_t", ascending=False, kind="stable")
    table = Table(box=box.SIMPLE_HEAD, title=f"In {last}, whatever comes", title_justify="left", title_style="bold")
    for column in ("Site", "Type", "Level", "Capacity, t"):
        table.add_column(column, justify="right" if column.endswith(", t") else "left")
    for row in stands.head(SHOWN).to_dict(orient="records"):
        table.add_row(row["site"], row["type"], row["level"], f"{float(row['capacity_t']):,.0f}")
    if len(stands) > SHOWN:
        table.add_row(f"and {len(stands) - SHOWN} more")
    return table
