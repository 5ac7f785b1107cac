"""Hub and spokes of mpi-sppy whose futures are solved as arrays: hedging, bounds and plans.

mpi-sppy would write every future out through Pyomo and wait for it to its gap at each step. Here its loop, its messages
and its book-keeping stay, and `solve_one` is another: the future's program is there as arrays once and for all, prices
and penalties are taken from mpi-sppy's own parameters, and the values go back into its Pyomo model.

Imported on ranks only: mpi-sppy is an extra.
"""

from __future__ import annotations

import math
import time
from typing import Any, ClassVar

import numpy as np
from mpisppy import MPI
from mpisppy.cylinders.lagrangian_bounder import LagrangianOuterBound
from mpisppy.cylinders.xhatshufflelooper_bounder import XhatShuffleInnerBound
from mpisppy.opt.ph import PH
from mpisppy.phbase import PHBase
from mpisppy.utils.xhat_eval import Xhat_Eval

from batteryopt.network.cluster.first_prices import FirstPrices
from batteryopt.network.cluster.future_arrays import FutureArrays, Penalty, Solved
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.pyomo_model import columns_of
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.solvers.contract.adapter import Options

PAUSE = 0.05
"""Seconds that a spoke waits before it looks again for news: mpi-sppy's own looks without a pause, and takes the core
of a rank that works where there are more ranks than cores."""
ROUNDED_UP_FROM = (0.5, 0.02, 0.2, 0.35, 0.65, 0.8)
"""Shares of the futures from which what is to be common to them stands."""
LEAST_SECONDS = 1.0
"""What one solve has at least, even beyond the time limit."""


class AsArrays:
    """What hub and spokes have in common: how one future is solved.

    The model of a future brings its arrays and its number; first prices, gap and deadline are those of all.

    Attributes
    ----------
    of_the_gap
        Part of the gap asked for that one future's solve may leave.
    """

    options: dict[str, Any]
    local_scenarios: dict[str, Any]
    mpicomm: Any
    first: FirstPrices
    gap = 0.0
    deadline = math.inf
    of_the_gap: ClassVar[float] = 1.0

    def solving(self) -> Options:
        """Return the options of the next solve: one thread, the time that is left, and a part of the gap asked for."""
        return Options(
            relative_gap=self.of_the_gap * self.gap, threads=1, time_limit=seconds_left(self.deadline, LEAST_SECONDS)
        )

    def solve_one(self, _options: Any, name: str, model: Any, **asked: Any) -> float:
        """Solve one future with the prices, the penalty or the fixed first stage that its model has now."""
        began, arrays = time.monotonic(), model._arrays
        found = self.solved(arrays, model)
        data = model._mpisppy_data
        data.solution_available = found.x is not None
        # never the bound of an earlier solve: bounds with different prices do not add up to one
        data.outer_bound = -math.inf if found.bound is None else found.bound
        data.inner_bound = math.inf
        if found.x is not None:
            take(model, arrays, found.x)
            data.inner_bound = value_of(arrays, found.x)
        if asked.get("compute_val_at_nonant"):
            self.__dict__.setdefault("objs_dict", {})[name] = data.inner_bound
        return time.monotonic() - began

    def solved(self, arrays: FutureArrays, model: Any) -> Solved:
        """Return the solution of one future."""
        first = list(model._mpisppy_data.nonant_indices.values())
        if first[0].fixed:
            return arrays.at(np.array([v.value for v in first], dtype=float), self.solving())
        return arrays.best(prices_of(model), self.penalty_of(model), self.solving())

    def penalty_of(self, _model: Any) -> Penalty | None:
        """Return the penalty of a future's solve, if it has one."""
        return None

    def begin_with_prices(self) -> None:
        """Put the first prices, the mean first stage and the penalties into the models, once they have parameters."""
        for model in self.local_scenarios.values():
            added, own = model._mpisppy_model, self.first.prices[model._number]
            for position, at in enumerate(model._mpisppy_data.nonant_indices):
                added.W[at].set_value(float(own[position]))
                added.xbars[at].set_value(float(self.first.center[position]))
                added.rho[at].set_value(float(self.first.penalties[position]))


def take(model: Any, arrays: FutureArrays, x: Floats) -> None:
    """Put values into a Pyomo model; whole numbers as such."""
    whole = np.where(arrays.program.is_integer, np.round(x), x)
    for variable, value in zip(columns_of(model, arrays.m), whole.tolist(), strict=True):
        variable.set_value(value, skip_validation=True)


def value_of(arrays: FutureArrays, x: Floats) -> float:
    """Return what a future costs at a point, in money: without prices and penalties."""
    return float(arrays.problem.core.objective(arrays.problem.units.inside(x)) * arrays.problem.money)


def prices_of(model: Any) -> Floats:
    """Return the prices of a future's first stage that are switched on."""
    added = model._mpisppy_model
    return np.array([added.W[at].value for at in model._mpisppy_data.nonant_indices], dtype=float)


class Hedging(AsArrays, PH):
    """The hub: progressive hedging from the first prices."""

    def PH_Prep(self, *arguments: Any, **settings: Any) -> None:
        """Prepare the models, and put the first prices into them."""
        super().PH_Prep(*arguments, **settings)
        self.begin_with_prices()

    def penalty_of(self, model: Any) -> Penalty | None:
        """Return the penalty of differing from the mean first stage; at first, from that of the relaxation."""
        added, at = model._mpisppy_model, list(model._mpisppy_data.nonant_indices)
        rho, center = (np.array([part[i].value for i in at], dtype=float) for part in (added.rho, added.xbars))
        return Penalty(rho=rho, center=center)

    def Ebound(self, *_: Any, **__: Any) -> float:
        """Return no bound: there are penalties in what is solved here."""
        return -math.inf


class Bounding(AsArrays, PHBase):
    """What the spoke of bounds solves: futures with prices, and nothing else.

    What a solve leaves open is lost to the bound, and money that futures earn and lose cancels out in what they cost
    together: so it leaves little open. The hub's solves are for plans, and need not be proven.
    """

    of_the_gap = 0.2

    def PH_Prep(self, *arguments: Any, **settings: Any) -> None:
        """Prepare the models, and put the first prices into them."""
        super().PH_Prep(*arguments, **settings)
        self.begin_with_prices()

    def Ebound(self, *_: Any, **__: Any) -> float:
        """Return the Lagrangian bound, less what prices may add that do not cancel out.

        The futures together cost at least ``sum of p (L(w) - w x)`` for one x within the bounds of the first stage:
        where the mean r of the prices is not 0, by rounding or as messages cross, that is less by the most of ``r x``.
        """
        bound = super().Ebound()
        models = list(self.local_scenarios.values())
        mine = sum(model._mpisppy_probability * prices_of(model) for model in models)
        mean = np.zeros_like(mine)
        self.mpicomm.Allreduce(np.ascontiguousarray(mine), mean, op=MPI.SUM)
        arrays = models[0]._arrays
        return float(bound - np.maximum(mean * arrays.lower, mean * arrays.upper).sum())


class Trying(AsArrays, Xhat_Eval):
    """What the spoke of plans solves: futures with a first stage that is fixed."""


class Bounds(LagrangianOuterBound):
    """The spoke of bounds, which waits quietly."""

    def do_while_waiting_for_new_Ws(self, *_: Any, **__: Any) -> None:
        """Leave the core to others."""
        time.sleep(PAUSE)


class Plans(XhatShuffleInnerBound):
    """The spoke of plans: what each future would have, and what several of them, or the relaxation, would have.

    Sizes that stand in most futures are the plan of the middle; where it is dear to lack capacity, what stands in any
    of them is the better one. Steps of size that follow from each other do so in every such plan too.
    """

    def xhat_prep(self) -> None:
        """Prepare, and try the first stage of the relaxation, rounded."""
        super().xhat_prep()
        self._tried: set[bytes] = set()
        self.try_rounded(self.opt.first.center)

    def update_nonants(self) -> bool:
        """Look for news, and try what is common to them; leave the core to others where there are none."""
        if not super().update_nonants():
            time.sleep(PAUSE)
            return False
        models = list(self.opt.local_scenarios.values())
        each = np.reshape(self.localnonants, (len(models), -1))
        mine = np.array([model._mpisppy_probability for model in models]) @ each
        mean = np.zeros_like(mine)
        self.opt.mpicomm.Allreduce(mine, mean, op=MPI.SUM)
        self.try_rounded(mean)
        return True

    def try_rounded(self, mean: Floats) -> None:
        """Try a mean first stage with whole numbers that are 1 from several shares on, in all futures."""
        model = next(iter(self.opt.local_scenarios.values()))
        is_whole = model._arrays.program.is_integer[model._arrays.columns]
        for least in ROUNDED_UP_FROM:
            x = np.where(is_whole, mean >= least, mean).astype(float)
            key = np.round(x[: model._arrays.sizes], 6).tobytes()
            if key in self._tried or self.got_kill_signal():
                continue
            self._tried.add(key)
            value = self.opt.evaluate({"ROOT": x})
            if self.opt.no_incumbent_prob() == 0.0:  # else the models' values are of something else
                self.update_if_improving(value)
            self.opt._restore_nonants()
