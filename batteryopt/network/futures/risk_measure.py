"""What is minimised over futures: the mean, a weight of the mean of the worst ones (CVaR), or the worst one.

Conditional value at risk after Rockafellar and Uryasev (Journal of Risk 2, 2000): the least over eta of
``eta + sum of p max(0, cost - eta) / (1 - alpha)``, a linear program where costs are linear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.formulation.algebra import Floats, Rows, index
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.extensive_form import FUTURE, Extensive

ROOM = 1e-6
"""Share of the money at stake by which bounds of the risk's own variables are wider than they need be: rounding."""


@dataclass(frozen=True, kw_only=True)
class Risk:
    """How much of the objective is the mean of the worst futures.

    Attributes
    ----------
    alpha
        The share of probability that counts as good: 0.9 makes the worst tenth count. 1: the worst future alone.
    weight
        Of the worst ones, the mean of all having the rest; 0: the mean alone.
    """

    alpha: float = 0.0
    weight: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Risk:
        """Return what ``worst`` or ``cvar:ALPHA:WEIGHT`` says, or raise `InvalidInput`."""
        if text == "worst":
            return cls(alpha=1.0, weight=1.0)
        name, *numbers = text.split(":")
        try:
            alpha, weight = (float(number) for number in numbers)
        except ValueError:
            alpha = weight = math.nan
        if name == "cvar" and 0 <= alpha < 1 and 0 <= weight <= 1:
            return cls(alpha=alpha, weight=weight)
        remedy = "expected worst, or cvar:ALPHA:WEIGHT with ALPHA from 0 to below 1 and WEIGHT from 0 to 1"
        raise InvalidInput("command line", [Fault(place="--risk", problem=f"'{text}' is unknown", remedy=remedy)])

    @property
    def is_worst(self) -> bool:
        """Whether the worst future alone counts."""
        return self.alpha >= 1.0

    @property
    def words(self) -> str:
        """What is minimised, for people."""
        if self.weight == 0:
            return "the expected cost"
        if self.is_worst:
            return "the cost of the worst future"
        worst = f"the mean cost of the worst {1 - self.alpha:.4g} of the probability"
        return (
            worst
            if self.weight == 1
            else f"{1 - self.weight:.4g} of the expected cost and {self.weight:.4g} of {worst}"
        )

    def of(self, costs: Sequence[float], probabilities: Sequence[float]) -> float:
        """Return its value; it never falls where a cost rises, so that bounds of the costs give a bound of it."""
        mean = float(np.dot(costs, probabilities))
        if self.weight == 0:
            return mean
        return (1 - self.weight) * mean + self.weight * self.of_the_worst(costs, probabilities)

    def of_the_worst(self, costs: Sequence[float], probabilities: Sequence[float]) -> float:
        """Return the mean of the worst futures: from the dearest on, until their share of the probability is full."""
        if self.is_worst:
            return float(max(c for c, p in zip(costs, probabilities, strict=True) if p > 0))
        left, total = 1.0 - self.alpha, 0.0
        for cost, share in sorted(zip(costs, probabilities, strict=True), reverse=True):
            taken = min(share, left)
            total, left = total + taken * cost, left - taken
        return total / (1.0 - self.alpha)


def minimised(form: Extensive, costs: Sequence[Costs], risk: Risk, lowest: Sequence[float], most: float) -> Costs:
    """Return what is minimised, and add to the extensive form what it needs for that.

    Parameters
    ----------
    costs
        Of each future.
    lowest
        A lower bound of the cost of each future.
    most
        An upper bound of the optimum: no future can cost more than it allows, and bounds of the variables follow.
    """
    mean = np.zeros(form.m.size)
    for columns, cost, share in zip(form.columns, costs, form.probabilities.tolist(), strict=True):
        np.add.at(mean, columns, cost.vector * share)
    constant = float(sum(cost.constant * p for cost, p in zip(costs, form.probabilities.tolist(), strict=True)))
    if risk.weight == 0:
        return Costs(vector=mean, constant=constant)
    eta, beyond = _add_risk(form, costs, risk, np.asarray(lowest, dtype=float), most)
    vector = np.zeros(form.m.size)
    vector[: len(mean)] = (1 - risk.weight) * mean
    vector[eta] = risk.weight
    if not risk.is_worst:
        vector[beyond] = risk.weight * form.probabilities / (1 - risk.alpha)
    return Costs(vector=vector, constant=(1 - risk.weight) * constant)


def _add_risk(form: Extensive, costs: Sequence[Costs], risk: Risk, lowest: Floats, most: float) -> tuple[int, Ints]:
    """Add eta, what each future costs beyond it, and the rows that say so; return the columns.

    At an optimum eta can be taken between the least and the largest cost of a future. The weighted sum is at most
    `most`, the mean at least that of the lowest costs, and so is eta; the rest bounds what is beyond it.
    """
    m, share = form.m, form.probabilities
    rest = most - (1 - risk.weight) * float(share @ lowest)
    room = ROOM * max(1.0, abs(most), float(np.max(np.abs(lowest))))
    least = float(np.min(lowest)) - room
    highest = max(rest / risk.weight, float(np.max(lowest)), least) + room
    over = index((FUTURE,), future=np.arange(len(costs)))
    one = index((FUTURE,), future=np.zeros(1))
    m.variables("cost_at_risk", one, lower=least, upper=highest, doc="what the good futures cost at most (money)")
    eta = m.families["cost_at_risk"].first
    tail = np.zeros(len(costs))
    if not risk.is_worst:
        tail = np.maximum(0.0, rest - risk.weight * least) * (1 - risk.alpha) / (risk.weight * share) + room
    m.variables("beyond_cost_at_risk", over, upper=tail, doc="what a future costs more than the good ones (money)")
    beyond = np.arange(m.families["beyond_cost_at_risk"].first, m.size, dtype=np.int64)
    entries = [
        (
            np.full(len(cost.vector) + 2, s),
            np.concatenate([mine, [eta, beyond[s]]]),
            np.concatenate([-cost.vector, [1, 1]]),
        )
        for s, (mine, cost) in enumerate(zip(form.columns, costs, strict=True))
    ]
    row, variable, coefficient = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    used = coefficient != 0
    m.rows["costs_beyond_the_good"] = Rows(
        name="costs_beyond_the_good",
        index=over,
        row=row[used].astype(np.int64),
        variable=variable[used].astype(np.int64),
        coefficient=coefficient[used],
        lower=np.array([cost.constant for cost in costs]),
        upper=np.full(len(costs), np.inf),
        doc="what a future costs is at most what the good ones cost, and what it costs beyond that",
    )
    return eta, beyond


def with_risk(form: Extensive, x: Floats, values: Sequence[float], risk: Risk) -> Floats:
    """Return a joint point with the risk's own variables as the costs of the futures have them."""
    if risk.weight == 0:
        return x
    order = np.argsort(values)
    good = np.searchsorted(np.cumsum(form.probabilities[order]), risk.alpha - 1e-12)
    eta = max(values) if risk.is_worst else values[int(order[min(int(good), len(order) - 1)])]
    x[form.m.families["cost_at_risk"].positions] = eta
    x[form.m.families["beyond_cost_at_risk"].positions] = np.maximum(0.0, np.asarray(values) - eta)
    return x
