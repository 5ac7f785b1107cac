"""A plan for the worst on the screen: what it costs at most, in which futures, and what stands."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from batteryopt.network.futures.joint_summary import first_stage_table
from batteryopt.network.plan.summary import money
from batteryopt.network.robust.robust_answer import RobustAnswer

SHOWN = 20
"""Futures that are listed."""


def summary(answer: RobustAnswer) -> Group:
    """Return a plan for the terminal: verdict, futures, what stands in all of them."""
    text = Text(f"{answer.network.name}\n", style="bold").append("\n".join(in_words(answer)), style="not bold")
    return Group(text, _futures(answer), first_stage_table(answer.network, answer.first_stage))


def in_words(answer: RobustAnswer) -> list[str]:
    """Return what the plan promises, as sentences."""
    assert answer.objective is not None
    assert answer.worst is not None
    currency = answer.network.currency
    found = [
        f"Net present cost in the worst future found {money(answer.objective, currency)}: {answer.worst.name}",
    ]
    if answer.most is not None:
        deviating = "no row deviates" if answer.budget == 0 else f"at most {answer.budget} rows of the returns deviate"
        found.append(f"It costs at most {money(answer.most, currency)} wherever {deviating}")
    if answer.run.bound is not None:
        found.append(f"No plan has a worst case below {money(answer.run.bound, currency)}")
    if answer.outcomes[0].cost is not None:
        found.append(f"As planned it costs {money(answer.outcomes[0].cost, currency)}")
    return found


def _futures(answer: RobustAnswer) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Future", "Cost", "Collected"):
        table.add_column(column, justify="left" if column == "Future" else "right")
    for outcome in sorted(answer.outcomes, key=lambda outcome: -(outcome.cost or 0.0))[:SHOWN]:
        if outcome.solution is not None and outcome.cost is not None:
            rate = f"{outcome.solution.kpis['collection_rate']:.0%}"
            table.add_row(outcome.name, money(outcome.cost, answer.network.currency), rate)
    if len(answer.outcomes) > SHOWN:
        table.add_row(f"and {len(answer.outcomes) - SHOWN} more")
    return table
