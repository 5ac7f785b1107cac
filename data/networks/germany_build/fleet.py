"""Packs that return: registrations through the survival model, less cars that left the country."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from batteryopt.network.fleet.fleet_returns import Fleet, returned_t
from batteryopt.network.fleet.registrations import Registrations
from batteryopt.network.fleet.survival import Life, Sales, returned_shares
from germany_build import chain
from germany_build import figures as f

Floats = npt.NDArray[np.float64]
COUNTRY = "Germany"
BATTERY, CAR = Life.of_mean(f.LIFE, f.SPREAD), Life.of_mean(f.CAR_LIFE, f.SPREAD)
YEARS = sorted(f.REGISTERED)


def surviving(on_first_of_january: int) -> float:
    """Return registered cars that would be in use if none had left the country."""
    ended = np.cumsum(returned_shares(BATTERY, on_first_of_january - YEARS[0], car=CAR, sales=Sales.MID_YEAR))
    return sum(f.REGISTERED[year] * (1.0 - ended[on_first_of_january - 1 - year]) for year in YEARS)


STAYS = f.REGISTER.derived(
    "cars that stay in the country",
    round(f.STOCK_2026 / surviving(2026), 4),
    "share of those registered",
    "the stock of 2026 over what the survival model leaves of all registrations; the others were sold abroad, and "
    "young cars still will be: 0.6 to 0.8",
)


def lfp_share(year: int) -> float:
    """Return the share of LFP in a year's registrations."""
    return f.LFP_SHARE[min(max(year, min(f.LFP_SHARE)), max(f.LFP_SHARE))]


def country_t(first_year: int, last_year: int) -> dict[str, Floats]:
    """Return tonnes of packs that return in the country, by product (years)."""
    years = range(YEARS[0], last_year + 1)
    cars = np.array([_registered(year) * STAYS for year in years])
    kg = np.array([f.KG_PER_EARLY_PACK if year < 2019 else f.KG_PER_PACK for year in years])
    lfp = np.array([lfp_share(year) for year in years])
    vehicles = {(COUNTRY, chain.pack(c)): cars * share for c, share in ((chain.NCM, 1.0 - lfp), (chain.LFP, lfp))}
    pack_t = {key: number * kg / 1000.0 for key, number in vehicles.items()}
    table = Registrations(first_year=YEARS[0], vehicles=vehicles, pack_t=pack_t)
    fleet = Fleet(battery=BATTERY, car=CAR, sales=Sales.MID_YEAR)
    found = returned_t(table, fleet, first_year=first_year, last_year=last_year)
    return {product: amounts for (_, product), amounts in found.items()}


def _registered(year: int) -> float:
    known = min(year, YEARS[-1])
    return f.REGISTERED[known] * (1.0 + f.GROWTH) ** (year - known)
