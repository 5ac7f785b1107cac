"""The optimisation model of the network: one formulation over index arrays, one file a part."""

from batteryopt.network.model.build import build

__all__ = ["build"]
