"""Published problems of location as networks: OR-Library's capacitated ones, and those of two stages."""

from batteryopt.network.location.capacitated import read_capacitated
from batteryopt.network.location.two_stage import read_two_stage

__all__ = ["read_capacitated", "read_two_stage"]
