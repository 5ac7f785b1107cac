"""Packs that retire, by city, chemistry and year: registrations times shares, masses and the distribution of lives."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from china_build import figures as f
from china_build.market_figures import LFP, NCM

Floats = npt.NDArray[np.float64]

SOURCE = Path(__file__).parents[2] / "china-nev"
KG_PER_T = 1000.0


def cities() -> pd.DataFrame:
    """Return the cities, by code."""
    return pd.read_csv(SOURCE / "cities.csv").set_index("code")


def retired_share(age_years: float, scale_years: float, shape: float) -> float:
    """Return the share of packs that retire in the year in which they reach an age: a difference of two ages."""
    return _retired_by(age_years, scale_years, shape) - _retired_by(age_years - 1, scale_years, shape)


def _retired_by(age_years: float, scale_years: float, shape: float) -> float:
    """Weibull distribution function."""
    return 1.0 - math.exp(-((max(age_years, 0) / scale_years) ** shape))


def registrations(table: pd.DataFrame, year: int) -> Floats:
    """Return vehicles registered in a year by city; after the last known year they grow everywhere alike."""
    vehicles = np.asarray(table[f"registrations_{min(year, f.REGISTRATIONS_UNTIL)}"], dtype=float)
    for later in range(f.REGISTRATIONS_UNTIL + 1, year + 1):
        vehicles = vehicles * (1.0 + f.GROWTH.get(later, f.LATER_GROWTH))
    return vehicles


def retired_t(
    table: pd.DataFrame,
    year: int,
    chemistry: str,
    *,
    first_age_years: float = f.SALES_IN_THE_MIDDLE,
    registered: Callable[[pd.DataFrame, int], Floats] = registrations,
) -> Floats:
    """Return tonnes of packs that retire in a year, by city (rows of the table).

    Parameters
    ----------
    first_age_years
        Age at the end of the year of sale: half a year where sales are spread over the year, 0 where all packs are new.
    registered
        Vehicles registered in a year by city.
    """
    shares = pd.read_csv(SOURCE / "chemistry_share.csv").set_index("Year")
    packs = pd.read_csv(SOURCE / "packs.csv").set_index("pack_type")
    total = np.zeros(len(table))
    last = year if first_age_years > 0 else year - 1
    for sold in range(int(shares.index.min()), last + 1):
        row = shares.loc[min(sold, f.REGISTRATIONS_UNTIL)]
        per_vehicle = sum(
            row[name] * pack.pack_mass_kg / KG_PER_T
            * retired_share(year - sold + first_age_years, pack.weibull_scale_years, pack.weibull_shape)
            for name, pack in packs.iterrows()
            if chemistry_of(str(name)) == chemistry
        )  # fmt: skip
        total += registered(table, sold) * per_vehicle
    return total


def chemistry_of(pack_type: str) -> str:
    """Return the chemistry that a pack type is treated as; NCA goes the way of NCM."""
    return LFP if pack_type.endswith("LFP") else NCM
