"""Solvers that are wrong on purpose, each in its own way, around one that is right."""

from __future__ import annotations

import dataclasses
from typing import Any

from pyomo.common.collections import ComponentMap
from pyomo.common.errors import PyomoException

from batteryopt import solvers
from batteryopt.accuracy.contest import Word
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Adapter, Capability, Options, Report


class Liar(Adapter):
    """Has an honest solver do the work, and then spoils what it left."""

    capabilities = Capability.LINEAR

    def __init__(self, honest: str = "highs") -> None:
        self.honest = solvers.get(honest)

    def is_available(self) -> bool:
        return True

    def version(self) -> str:
        return "0"

    def solve(self, model: Any, options: Options | None = None, **_: Any) -> Report:
        return self.spoil(model, self.honest.solve(model, options))

    def spoil(self, model: Any, report: Report) -> Report:
        raise NotImplementedError


class Honest(Liar):
    name = "honest"

    def spoil(self, model: Any, report: Report) -> Report:
        return report


class Perturber(Liar):
    """Moves every decision by a ten-thousandth, or by as much as it is told."""

    name = "perturber"

    def __init__(self, step: float = 1e-4) -> None:
        super().__init__()
        self.step = step

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        for variable in model.component_data_objects(pyo.Var):
            if not variable.fixed and variable.value is not None:
                variable.set_value(variable.value * (1 + self.step), skip_validation=True)
        return report


class FalseBounder(Liar):
    """Claims a bound that the truth itself beats by a thousandth."""

    name = "false-bounder"

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        (objective,) = model.component_data_objects(pyo.Objective, active=True)
        direction = 1 if objective.sense == pyo.minimize else -1
        bound = report.objective + direction * 1e-3 * abs(report.objective)
        return dataclasses.replace(report, bound=bound)


class Pretender(Liar):
    """Says optimal whatever happened; where there is no point it leaves zeros."""

    name = "pretender"

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        for variable in model.component_data_objects(pyo.Var):
            if not variable.fixed:
                variable.set_value(0.0, skip_validation=True)
        return dataclasses.replace(report, stop_reason=StopReason.CONVERGED, point_status=PointStatus.OPTIMAL)


class Doubter(Liar):
    """Finds the optimum and says that it failed."""

    name = "doubter"

    def spoil(self, model: Any, report: Report) -> Report:
        return dataclasses.replace(
            report, stop_reason=StopReason.NUMERICAL_TROUBLE, point_status=PointStatus.UNKNOWN, bound=None
        )


class Denier(Liar):
    """Says that there is no solution."""

    name = "denier"

    def spoil(self, model: Any, report: Report) -> Report:
        return dataclasses.replace(
            report, stop_reason=StopReason.INFEASIBLE, point_status=PointStatus.NONE, objective=None, bound=None
        )


class Sleeper(Liar):
    """Finds the optimum, and is stopped by a limit before it has proven it."""

    name = "sleeper"

    def spoil(self, model: Any, report: Report) -> Report:
        return dataclasses.replace(
            report, stop_reason=StopReason.TIME_LIMIT, point_status=PointStatus.FEASIBLE, bound=None
        )


class Twister(Liar):
    """Has the right point, and duals and reduced costs of the other sign, or off by as much as it is told."""

    name = "twister"

    def __init__(self, factor: float = -1.0) -> None:
        super().__init__()
        self.factor = factor

    def spoil(self, model: Any, report: Report) -> Report:
        duals = ComponentMap((row, self.factor * value) for row, value in report.duals.items())
        return dataclasses.replace(report, duals=duals, bound_duals=ComponentMap())


class Teller:
    """Says what it is told to say of any model, and leaves a point where it is given one."""

    name = "teller"

    def __init__(
        self, reason: StopReason, status: PointStatus = PointStatus.NONE, levels: int = 1, **point: float
    ) -> None:
        self.reason, self.status, self.levels, self.point = reason, status, levels, point

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        for name, value in self.point.items():
            model.find_component(name).set_value(value)
        return Word(solver="teller", stop_reason=self.reason, point_status=self.status, seconds=0.0)


class DearerTwin:
    """Opens the dearer of two equal sites, and calls that optimal."""

    name, levels = "dearer-twin", 1

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        solvers.get("highs").solve(model, Options(relative_gap=0.0))
        half = len(model.SITES) // 2
        chosen = {s: model.is_open[s].value for s in model.SITES}
        for s in model.SITES:
            twin = (s + half) % (2 * half)
            model.is_open[s].set_value(chosen[twin])
        served = {key: variable.value for key, variable in model.served.items()}
        for i, s in served:
            model.served[i, s].set_value(served[i, (s + half) % (2 * half)])
        return Word(
            solver="dearer-twin", stop_reason=StopReason.CONVERGED, point_status=PointStatus.OPTIMAL, seconds=0.0
        )


class Unhanded(Liar):
    """Never gets its model: what stands between refuses it."""

    name = "unhanded"

    def solve(self, model: Any, options: Options | None = None, **_: Any) -> Report:
        raise PyomoException("no way to write this down")
