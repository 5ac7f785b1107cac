"""The recycling network: where facilities stand, how large and when, which way batteries travel, at what cost.

``model(network)`` gives its Pyomo model, ``plan_of(model)`` the plan that a solved one holds.
"""

import importlib
from typing import Any

_HOMES = {
    "model": ("batteryopt.network.formulation.public", "make_model"),
    "plan_of": ("batteryopt.network.door", "plan_of"),
}

__all__ = ["model", "plan_of"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'batteryopt.network' has no attribute '{name}'")
    home, public = _HOMES[name]
    return getattr(importlib.import_module(home), public)
