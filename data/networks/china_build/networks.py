"""The three networks: all 364 cities, the 31 capitals each for its province, and Sichuan."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    FacilityType,
    Floats,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Return,
    Sharing,
    Site,
    Standing,
)
from china_build import chain, places
from china_build import figures as f
from china_build.returns import LFP, NCM, cities, retired_t
from china_build.what_ifs import what_ifs

YEARS = tuple(range(2025, 2033))
PROVINCE_YEARS = tuple(range(2027, 2031))
SOURCE = (
    "provenance.csv: registrations CC BY 4.0; distances (c) OpenStreetMap contributors, ODbL; the rest as named there"
)
STANDING_PLANTS = (440600, 430100, 420800, 330800)
"""Foshan, Changsha, Jingmen, Quzhou: large recyclers are there today."""
NO_PLANTS = (places.CAPITALS["Beijing"], places.CAPITALS["Shanghai"])
DECIMALS = 1
"""Of tonnes returned."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where things are.

    Attributes
    ----------
    table
        The zones, by code.
    years
        The periods.
    tonnes
        Packs that retire, by chemistry: (zones, years).
    km
        Distance matrices by name.
    """

    table: pd.DataFrame
    years: tuple[int, ...]
    tonnes: dict[str, Floats]
    km: dict[str, Floats]

    @property
    def names(self) -> list[str]:
        """Names of the sites, in the order of the table."""
        return self.table["site"].to_list()

    @property
    def peak_t(self) -> Floats:
        """Largest return of a year, both chemistries together (zones)."""
        return np.asarray(sum(self.tonnes.values()).max(axis=1))

    def site(self, code: int) -> str:
        """Return the name of a city."""
        return str(self.table.loc[code, "site"])

    def largest(self, count: int) -> list[int]:
        """Return the codes of the zones with the largest returns."""
        return self.table.index[np.argsort(-self.peak_t, kind="stable")[:count]].to_list()


def all_cities(years: tuple[int, ...] = YEARS) -> Places:
    """Return every city as a zone of its own."""
    table = cities()
    table["site"] = places.site_names(table)
    table["people"] = table["population"].fillna(0.0)
    tonnes = {c: np.column_stack([retired_t(table, year, c) for year in years]) for c in (LFP, NCM)}
    return Places(table=table, years=years, tonnes=tonnes, km=places.distances(table))


def china() -> Network:
    """Return all 364 cities: outlets in every city, centres in 40, plants in 16, mobile stations to the remote."""
    where = all_cities()
    capitals = list(places.CAPITALS.values())
    centres = list(dict.fromkeys([*capitals, *where.largest(60)]))[:40]
    by_province = where.table.assign(peak=where.peak_t).groupby("province")["peak"].idxmax()
    plants = [code for code in where.largest(364) if code in set(by_province)][:13]
    remote = places.is_remote(where.table)
    where.km["mobile_km"] = np.where(remote[:, None], where.km["road_km"], np.nan)
    return _network(
        name="Battery recycling in China, 364 cities",
        where=where,
        types=(chain.outlet(), chain.centre(), chain.plant()),
        centres=centres,
        plants=[*STANDING_PLANTS, *(code for code in plants if code not in STANDING_PLANTS)],
        modes=_modes(whole_visits=False),
        targets=targets_of(where.years, sorted(set(where.table["province"]))),
        growing=where,
    )


def capitals() -> Network:
    """Return the 31 capitals, each with its whole province's returns; centres in 20 of them, plants in 12."""
    every = all_cities()
    codes = list(places.CAPITALS.values())
    rows = [np.flatnonzero(every.table["province"] == province) for province in places.CAPITALS]
    table = every.table.loc[codes].assign(people=[every.table["people"].iloc[r].sum() for r in rows])
    index = np.array([every.table.index.get_loc(code) for code in codes])
    where = Places(
        table=table,
        years=every.years,
        tonnes={c: np.array([every.tonnes[c][r].sum(axis=0) for r in rows]) for c in (LFP, NCM)},
        km={name: km[np.ix_(index, index)] for name, km in every.km.items()},
    )
    haul = f.PROVINCE_HAUL * f.HAZARDOUS_ROAD
    return _network(
        name="Battery recycling in China, 31 provinces by their capitals",
        where=where,
        types=(chain.outlet(extra_cost_per_t=haul, smallest=1), chain.centre(), chain.plant()),
        centres=where.largest(20),
        plants=[code for code in where.largest(31) if code not in NO_PLANTS][:12],
        modes=[mode for mode in _modes(whole_visits=False) if not mode.is_mobile],
        targets=targets_of(where.years, ()),
        growing=every,
        longest_haul_km=1_500.0,
    )


def province(name: str = "Sichuan") -> Network:
    """Return one province: mobile stations make whole visits, and there are electric lorries."""
    every = all_cities(PROVINCE_YEARS)
    rows = np.flatnonzero(every.table["province"] == name)
    where = Places(
        table=every.table.iloc[rows],
        years=every.years,
        tonnes={c: tonnes[rows] for c, tonnes in every.tonnes.items()},
        km={key: km[np.ix_(rows, rows)] for key, km in every.km.items()},
    )
    remote = places.is_remote(where.table)
    where.km["mobile_km"] = np.where(remote[:, None], where.km["road_km"], np.nan)
    return _network(
        name=f"Battery recycling in {name}",
        where=where,
        types=(chain.outlet(), chain.centre(), chain.plant()),
        centres=where.largest(6),
        plants=where.largest(3),
        modes=[*_modes(whole_visits=True), _electric()],
        targets=targets_of(where.years, ()),
        growing=where,
    )


def _network(
    *,
    name: str,
    where: Places,
    types: tuple[FacilityType, ...],
    centres: list[int],
    plants: Iterable[int],
    modes: Iterable[Mode],
    targets: tuple[CollectionTarget, ...],
    growing: Places,
    longest_haul_km: float | None = None,
) -> Network:
    """Return the network; what-ifs of ages are reckoned from the cities of `growing`."""
    modes = tuple(
        mode if longest_haul_km is None or mode.longest_km is None or mode.shortest_km
        else _longer(mode, longest_haul_km)
        for mode in modes
    )  # fmt: skip
    plants = [code for code in plants if code in where.table.index]
    used = {mode.distance for mode in modes}
    return Network(
        name=name,
        source=SOURCE,
        currency="CNY",
        discount_rate=f.DISCOUNT_RATE,
        periods=tuple(Period(name=str(year)) for year in where.years),
        products=chain.products(),
        sites=tuple(_sites(where)),
        returns=tuple(_returns(where)),
        types=types,
        candidates=(*_outlets(where, types[0]), *_at(where, centres, chain.CENTRE), *_plants(where, plants)),
        markets=(*_markets_at_centres(where, centres), *_markets_at_plants(where, plants)),
        modes=modes,
        distances={name: km for name, km in where.km.items() if name in used},
        policy=Policy(collection_targets=targets, carbon_price_per_t=float(f.CARBON_PRICE)),
        changes=what_ifs(growing.table, growing.years, growing.tonnes),
    )


def _sites(where: Places) -> Iterable[Site]:
    for row in where.table.itertuples():
        yield Site(
            name=row.site,
            latitude_deg=float(row.lat),
            longitude_deg=float(row.lon),
            region=row.province,
            people_per_km=round(row.people * f.PEOPLE_PER_KM),
            electricity_price_per_kwh=f.ELECTRICITY_PRICE,
        )


def _returns(where: Places) -> Iterable[Return]:
    for chemistry in (LFP, NCM):
        for site, tonnes in zip(where.names, where.tonnes[chemistry], strict=True):
            profile = tuple(round(float(t), DECIMALS) for t in tonnes)
            yield Return(
                site=site, product=chain.pack(chemistry), tonnes=profile, acquisition_cost_per_t=float(f.PAID_TO_OWNERS)
            )


def _outlets(where: Places, type_: FacilityType) -> Iterable[Candidate]:
    """Yield an outlet for each zone, up to a size that takes all of its returns and a tenth more."""
    for site, peak in zip(where.names, where.peak_t, strict=True):
        most = float(math.ceil(1.1 * peak / 10) * 10)
        yield Candidate(site=site, type=chain.OUTLET, levels=chain.outlet_levels(type_, most))


def _at(where: Places, codes: Iterable[int], type_: str) -> Iterable[Candidate]:
    return (Candidate(site=where.site(code), type=type_) for code in codes)


def _plants(where: Places, codes: Iterable[int]) -> Iterable[Candidate]:
    level = f"{f.EXISTING_T / 1000:g} kt"
    for code in codes:
        stands = code in STANDING_PLANTS
        yield Candidate(
            site=where.site(code),
            type=chain.PLANT,
            standing=Standing.EXISTING if stands else Standing.OPEN,
            level=level if stands else "",
        )


def _markets_at_centres(where: Places, codes: Iterable[int]) -> Iterable[Market]:
    back = (ComesBack(product=chain.pack(LFP), share=f.SECOND_LIFE_RETURN, lag_periods=int(f.SECOND_LIFE_YEARS)),)
    for code in codes:
        site = where.site(code)
        yield Market(site=site, product=chain.SECOND_LIFE, price_per_t=float(f.PRICE_SECOND_LIFE), comes_back=back)
        yield Market(site=site, product=chain.SCRAP, price_per_t=float(f.PRICE_SCRAP))


def _markets_at_plants(where: Places, codes: Iterable[int]) -> Iterable[Market]:
    for code in codes:
        yield Market(site=where.site(code), product=chain.LITHIUM, price_per_t=float(f.PRICE_LI2CO3))
        yield Market(site=where.site(code), product=chain.SALTS, price_per_t=chain.salts_price())


# ---- transport -----------------------------------------------------------------------------------------------------

PACKS = tuple(chain.collected(c) for c in (LFP, NCM))
BLACK_MASSES = tuple(chain.CELL_PRODUCTS.values())


def _modes(*, whole_visits: bool) -> list[Mode]:
    """Return the modes; rail carries black mass only, since retired packs may not go by rail."""
    return [
        Mode(
            name="road",
            products=PACKS,
            cost_per_t_km=f.HAZARDOUS_ROAD,
            emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
            distance="road_km",
            longest_km=float(f.HAZARDOUS_LONGEST),
        ),
        Mode(
            name="road_bulk",
            products=BLACK_MASSES,
            cost_per_t_km=f.BULK_ROAD,
            emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
            distance="road_km",
            longest_km=float(f.BULK_LONGEST),
        ),
        Mode(
            name="rail",
            products=BLACK_MASSES,
            cost_per_t_km=f.RAIL_FREIGHT,
            cost_per_t=float(f.RAIL_HANDLING),
            emission_kg_per_t_km=f.RAIL_KG_PER_T_KM,
            distance="rail_km",
            shortest_km=float(f.RAIL_SHORTEST),
            longest_km=float(f.RAIL_LONGEST),
        ),
        Mode(
            name="mobile",
            products=tuple(chain.pack(c) for c in (LFP, NCM)),
            distance="mobile_km",
            longest_km=float(f.MOBILE_LONGEST),
            trip_capacity_t=float(f.MOBILE_LOAD),
            whole_trips=whole_visits,
            cost_per_trip=float(f.MOBILE_VISIT),
            cost_per_trip_km=float(f.MOBILE_KM),
            emission_kg_per_trip_km=f.MOBILE_KG_PER_KM,
            trips_per_depot=float(f.MOBILE_VISITS),
            is_mobile=True,
        ),
    ]


def _electric() -> Mode:
    return Mode(
        name="electric_road",
        products=PACKS,
        cost_per_t_km=f.ELECTRIC_ROAD,
        emission_kg_per_t_km=f.ELECTRIC_KWH_PER_T_KM * f.GRID_KG_PER_KWH,
        distance="road_km",
        longest_km=300.0,
    )


def _longer(mode: Mode, longest_km: float) -> Mode:
    return replace(mode, longest_km=longest_km)


# ---- policy --------------------------------------------------------------------------------------------------------


def targets_of(years: tuple[int, ...], provinces: Iterable[str]) -> tuple[CollectionTarget, ...]:
    """Return the national target, and half of it for each province named."""
    national = np.interp(years, (YEARS[0], YEARS[-1]), (f.TARGET_FIRST, f.TARGET_LAST))

    def target(name: str, share: Floats, group: str) -> CollectionTarget:
        profile = tuple(round(float(s), 6) for s in share)
        return CollectionTarget(
            name=name, share=profile, group=group, sharing=Sharing.TOTAL, penalty_per_t=float(f.TARGET_PENALTY)
        )

    fair = (target(f"fair share of {name}", national * f.FAIR_SHARE, name) for name in provinces)
    return (target("collected", national, ""), *fair)
