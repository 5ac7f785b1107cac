"""What a solve returns: a solution with how it came about and its certificate; and several of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.certificate import Certificate
from batteryopt.differential_game.instance import Instance
from batteryopt.differential_game.quadrature import FloatArray
from batteryopt.differential_game.solution import Model, Solution, demands
from batteryopt.presentation import Presented, View, view_of_answer
from batteryopt.run import Run, versions


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer(Presented):
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
        if self.solution.steady_state is not None:
            steady = ", ".join(f"{level:.6g}" for level in self.solution.steady_state.efficiency[0])
            lines.append(f"  efficiency, steady            {steady:>12}")
        return "\n".join([head, *lines, *self._certificate_lines()])

    def _certificate_lines(self) -> list[str]:
        failures = ", ".join(check.name for check in self.certificate.failures)
        verdict = f"FAILED: {failures}" if failures else f"{len(self.certificate)} checks passed"
        return [f"  certificate: {verdict if len(self.certificate) else 'none'}"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Presented):
    """Answers to several models of one instance, by one route or both.

    Attributes
    ----------
    models
        The answers asked for; with both routes, the optimiser's.
    closed_form
        The formula's answers under the same names; None with one route only.
    """

    instance: Instance
    models: Mapping[Model, Answer]
    closed_form: Mapping[Model, Answer] | None = None

    def __getitem__(self, model: Model | str) -> Answer:
        return self.models[Model(model)]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every answer of either route."""
        return (*self.models.values(), *(self.closed_form or {}).values())

    @property
    def passed(self) -> bool:
        """Whether every answer that has a solution passed all its checks."""
        return all(answer.certificate.passed for answer in self.answers if answer.solution is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data, the keys as the command line prints them."""
        document = {
            "kind": self.instance.kind,
            "instance": self.instance.name,
            "versions": versions(),
            "models": _by_name(self.models),
        }
        return document if self.closed_form is None else {**document, "closed_form": _by_name(self.closed_form)}

    def _view(self) -> View:
        return View(document=self.to_json(), instance=self.instance)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number of every answer, with its ``model`` and ``route``."""
        frames = [
            answer.to_frame().assign(model=answer.model.value, route=answer.run.route.value)
            for answer in self.answers
            if answer.solution is not None
        ]
        columns = ["model", "route", "quantity", "index", "time", "value"]
        return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)

    def __str__(self) -> str:
        return "\n\n".join(str(answer) for answer in self.answers)


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


def _by_name(answers: Mapping[Model, Answer]) -> dict[str, Any]:
    return {model.value: answer.to_json() for model, answer in answers.items()}
