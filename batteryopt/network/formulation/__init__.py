"""The optimisation model of the network: one formulation over index arrays, one file a part.

`batteryopt.network.model` gives its public face in Pyomo; see `public`.
"""

from batteryopt.network.formulation.build import build

__all__ = ["build"]
