r"""Optimisation models of what happens to electric-vehicle batteries at the end of their life.

A user can trust a number because three independent pieces of code agree on it::

    data/ --> instance --> model (Pyomo) --> solvers --> solution --> check --> report
                  \------> closed form -----------------^

An instance becomes a solution by two routes that know nothing of each other, a formula and an optimiser; a check that
has seen neither judges the answer from the instance and the solution alone. Its verdict, the certificate, is part of
every answer.

::

    game = batteryopt.read("data/coordination/table2.toml")
    result = batteryopt.solve(game)
    print(result["contract"])

The packages ``coordination``, ``differential_game`` and ``network`` are the families of models; ``bilevel`` is the
engine for leaders and followers, usable for any Pyomo model; ``solvers`` are the adapters; ``sweep`` varies an
instance; ``batteryopt.cli`` is the command line. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from batteryopt.ground.scarce_memory import use_one_heap

if TYPE_CHECKING:
    from batteryopt.bilevel import Follower
    from batteryopt.families import FAMILIES, model, plan_of, read, solve
    from batteryopt.games.coordination.data.instance import CoordinationInstance
    from batteryopt.games.coordination.data.regions import CoordinationNetwork
    from batteryopt.ground.certificate import Certificate, Check
    from batteryopt.ground.errors import BatteryOptError, Fault, FormulaDoesNotApply, InvalidInput, SolverUnavailable
    from batteryopt.ground.status import PointStatus, StopReason
    from batteryopt.solvers.contract.provenance import Route, Run, versions
    from batteryopt.tables.changes import plus, put, times
    from batteryopt.tables.toml_output import write

_HOMES = {
    "families": ("FAMILIES", "model", "plan_of", "read", "solve"),
    "tables.toml_output": ("write",),
    "games.coordination.data.instance": ("CoordinationInstance",),
    "games.coordination.data.regions": ("CoordinationNetwork",),
    "bilevel": ("Follower",),
    "tables.changes": ("plus", "put", "times"),
    "ground.certificate": ("Certificate", "Check"),
    "solvers.contract.provenance": ("Route", "Run", "versions"),
    "ground.status": ("PointStatus", "StopReason"),
    "ground.errors": ("BatteryOptError", "Fault", "FormulaDoesNotApply", "InvalidInput", "SolverUnavailable"),
}
_PACKAGES = ("bilevel", "games", "network", "solvers", "sweep")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "FAMILIES",
    "BatteryOptError",
    "Certificate",
    "Check",
    "CoordinationInstance",
    "CoordinationNetwork",
    "Fault",
    "Follower",
    "FormulaDoesNotApply",
    "InvalidInput",
    "PointStatus",
    "Route",
    "Run",
    "SolverUnavailable",
    "StopReason",
    "model",
    "plan_of",
    "plus",
    "put",
    "read",
    "solve",
    "times",
    "versions",
    "write",
]

use_one_heap()  # before a library starts threads


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``batteryopt --help`` does not wait for Pyomo."""
    if name in _PACKAGES:
        return importlib.import_module(f"batteryopt.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'batteryopt' has no attribute '{name}'")
    return getattr(importlib.import_module(f"batteryopt.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
