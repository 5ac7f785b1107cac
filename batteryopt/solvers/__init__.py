"""Adapters to the open-source solvers (HiGHS, Ipopt, SCIP, POUNCE), and to whatever Pyomo finds on the machine.

``get("scip").solve(model)`` leaves the point in the model's variables and returns a `Report`.
"""

from batteryopt.solvers.contract.adapter import (
    LEAST_SECONDS,
    Adapter,
    BoundDuals,
    Capability,
    Indicator,
    Options,
    Progress,
    Report,
    relative_gap,
)
from batteryopt.solvers.contract.registry import available, get, installed, known

__all__ = [
    "LEAST_SECONDS",
    "Adapter",
    "BoundDuals",
    "Capability",
    "Indicator",
    "Options",
    "Progress",
    "Report",
    "available",
    "get",
    "installed",
    "known",
    "relative_gap",
]
