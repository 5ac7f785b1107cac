"""The optimisation model of the network: one formulation over index arrays, one file a part.

Called, it gives the public Pyomo model: ``batteryopt.network.model(network)``; see `make_model`.
"""

import sys
import types
from typing import Any

from batteryopt.network.model.build import build
from batteryopt.network.model.public import make_model

__all__ = ["build", "make_model"]


class _Door(types.ModuleType):
    """A package that can be called like the function of its name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return `make_model` of the same arguments."""
        return make_model(*arguments, **options)


sys.modules[__name__].__class__ = _Door
