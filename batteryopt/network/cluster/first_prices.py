"""What a first stage is worth in each future before hedging begins: prices from the relaxation of all futures together.

With first stages of their own the futures together cost at least ``sum of p (f(x) + w x)`` at its least, for any
prices w of which the mean by probabilities is 0. Hedging begins from none and finds them slowly, at the price of a
mixed-integer program a future and step. At the optimum of the relaxation they are known at once: what a future's cost
grows by with the first stage there, less than the mean of all futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.first_stage import FIRST_STAGE
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.relaxed_by_cuts import RelaxedByCuts
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.solvers.contract.adapter import Options

OF_THE_COST = 0.1
"""The penalty of differing from the mean first stage, as a share of what a unit of it costs to open and to keep: a
little, for the first prices are near the best ones, and a large one drives them and the futures away from there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstPrices:
    """What hedging begins with; columns of the first stage are in the order of `first_columns`.

    Attributes
    ----------
    prices
        Of each future (N, k), in money; their mean by probabilities is 0.
    penalties
        Of differing from the mean (k), alike in all futures: or the means of prices would move away from 0.
    center
        The first stage of the relaxation (k).
    bound
        What the relaxation proves, in money.
    """

    prices: Floats
    penalties: Floats
    center: Floats
    bound: float


def first_names(m: Formulation) -> list[str]:
    """Return the families of variables that are decided once, sizes first."""
    return [name for name in FIRST_STAGE if len(m.families.get(name, ()))]


def first_columns(m: Formulation) -> Ints:
    """Return the columns of the first stage (k)."""
    positions = [m.families[name].positions for name in first_names(m)]
    return np.concatenate([np.arange(part.start, part.stop, dtype=np.int64) for part in positions])


def first_prices(
    futures: Sequence[Future], options: Options, flag: InterruptFlag, deadline: float
) -> FirstPrices | None:
    """Return prices, as good as they are known by a moment of the monotonic clock; None where nothing is known.

    Raises
    ------
    InvalidInput
        If the futures are not alike in what is decided once.
    """
    forms = [formulate(future.network, WEIGHTS) for future in futures]
    for m in forms:
        m.drop_choices()
    costs = [weighted(m, WEIGHTS) for m in forms]
    shares = np.array([future.probability for future in futures])
    search = RelaxedByCuts(forms, costs, shares.tolist(), Risk(), options, flag, names=FIRST_STAGE, deadline=deadline)
    relaxed = search.relax()
    if relaxed is None:
        return None
    x, slopes = np.zeros(forms[0].size), np.zeros((len(forms), forms[0].size))
    own = search.recourses[0].positions
    x[own], slopes[:, own] = relaxed
    columns = first_columns(forms[0])
    slopes = slopes[:, columns]
    mean_cost = shares @ np.array([cost.vector[first_columns(m)] for cost, m in zip(costs, forms, strict=True)])
    return FirstPrices(
        prices=shares @ slopes - slopes,
        penalties=_penalties(mean_cost, forms[0]),
        center=x[columns],
        bound=search.known.root_bound,
    )


def _penalties(costs: Floats, m: Formulation) -> Floats:
    """Return about what a unit of each column of the first stage costs, or the usual where it costs nothing (k).

    Opening is paid for by another variable, of the same facility and period as what then stands: costs of the same
    place in both families belong together.
    """
    count, own = len(m.families["is_open"]), np.abs(costs)
    if len(m.families["raised"]) == count:
        columns = first_columns(m)
        raised = np.searchsorted(columns, m.families["raised"].first) if (np.diff(columns) > 0).all() else count
        own[:count] += own[raised : raised + count]
    paid = own[own > 0]
    usual = float(paid.mean()) if len(paid) else 1.0
    return np.asarray(OF_THE_COST * np.where(own > 0, own, usual), dtype=float)
