"""What a solve returns: a solution with how it came about and its certificate; and several of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Model, Solution, demands
from batteryopt.games.shell.routes import RoutesResult
from batteryopt.ground.certificate import Certificate
from batteryopt.report.presentation import Presented, View, view_of_answer
from batteryopt.solvers.contract.provenance import Certified, Run


@dataclass(frozen=True, kw_only=True, repr=False)
class DifferentialAnswer(Certified, Presented):
    """One model's answer by one route.

    Attributes
    ----------
    solution
        None where there is no point: infeasible, unbounded, stopped too early, or a formula that does not apply.
    certificate
        What the check found; empty without a solution.
    reason
        Why there is no solution, for people.
    applies
        False where a closed form was asked outside its assumptions, so that it says nothing about the model.
    """

    model: Model
    solution: Solution | None
    run: Run
    certificate: Certificate = field(default_factory=Certificate)
    reason: str | None = None
    applies: bool = True

    @property
    def objective(self) -> float | None:
        """The value of what the model maximises, recomputed from paths and instance; None without a solution."""
        return None if self.solution is None else self.solution.objective

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON."""
        missing = {"present_value": None, "steady_state": None, "decay_rate": None, "pricing": None, "trajectory": None}
        if self.model is Model.CONTRACT:
            missing |= {"share": None, "share_range": None}
        body = missing if self.solution is None else self.solution.to_json()
        reason = {} if self.reason is None else {"reason": self.reason}
        return {**self.run.to_json(self.objective), **body, **reason, "certificate": self.certificate.to_json()}

    def _view(self) -> View:
        instance = None if self.solution is None else self.solution.instance
        return view_of_answer("differential-game", self.model.value, self, instance)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number: ``quantity``, ``index`` (level, effort, vehicle; from 0), ``time``, ``value``.

        Present values and shares have no time; a steady state has the time ``inf``.
        """
        columns = ["quantity", "index", "time", "value"]
        if self.solution is None:
            return pd.DataFrame(columns=columns)
        parts = [_single_numbers(self.solution), *_paths(self.solution)]
        return pd.concat(parts, ignore_index=True)[columns]

    def __str__(self) -> str:
        head = f"{self.model.value} by {self.run.route.value} ({self.run.solver}): {self.run.point_status.value}"
        if self.solution is None:
            return f"{head}\n  {self.reason or self.run.stop_reason.value}"
        value = self.solution.present_value
        lines = [f"  present value of the chain    {value.supply_chain:12.6g}"]
        if self.model is not Model.INTEGRATED:
            lines.append(f"    of the manufacturer         {value.manufacturer:12.6g}")
            lines += [f"    of retailer {j}               {v:12.6g}" for j, v in enumerate(value.retailers, start=1)]
        if self.solution.share is not None:
            lines.append(f"  share of the retailer         {self.solution.share:12.6g}")
        if self.solution.share_range is not None:
            lines.append("  shares that both accept       {:12.6g} to {:.6g}".format(*self.solution.share_range))
        elif self.run.stop_reason.is_limit and self.model is Model.CONTRACT:
            lines.append("  shares that both accept       not worked out before the limit")
        if self.solution.steady_state is not None:
            steady = ", ".join(f"{level:.6g}" for level in self.solution.steady_state.efficiency[0])
            lines.append(f"  efficiency, steady            {steady:>12}")
        return "\n".join([head, *lines, f"  certificate: {self.certificate.verdict}"])


@dataclass(frozen=True, kw_only=True, repr=False)
class DifferentialResult(RoutesResult[Instance, DifferentialAnswer]):
    """Answers to several models of one game."""


def _single_numbers(solution: Solution) -> pd.DataFrame:
    value = solution.present_value
    numbers = [("present_value_supply_chain", 0, value.supply_chain)]
    if solution.model is not Model.INTEGRATED:
        numbers.append(("present_value_manufacturer", 0, value.manufacturer))
        numbers += [("present_value_retailer", j, worth) for j, worth in enumerate(value.retailers)]
    if solution.share is not None:
        numbers.append(("share", 0, solution.share))
    numbers += [("share_range", end, share) for end, share in enumerate(solution.share_range or ())]
    numbers += [("decay_rate", j, rate) for j, rate in enumerate(solution.decay_rate or ())]
    return pd.DataFrame(numbers, columns=["quantity", "index", "value"]).assign(time=np.nan)


def _paths(solution: Solution) -> list[pd.DataFrame]:
    """Return the paths at the reported times, and the steady state at the time infinity."""
    times = solution.report_times()
    if solution.steady_state is not None:
        times = np.append(times, np.inf)
    at = solution.trajectory.at(times)
    paths: dict[str, FloatArray | None] = {
        "efficiency": at.efficiency,
        "innovation": at.innovation,
        "price": at.prices,
        "wholesale_price": at.wholesale_prices,
        "demand": demands(solution.game, at),
    }
    return [
        pd.DataFrame(
            {
                "quantity": name,
                "index": np.tile(np.arange(path.shape[1]), len(times)),
                "time": np.repeat(times, path.shape[1]),
                "value": path.ravel(),
            }
        )
        for name, path in paths.items()
        if path is not None
    ]
