"""The three networks, by one builder: all 364 cities, the 31 capitals each for its province, and Sichuan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    FacilityType,
    Floats,
    Market,
    Network,
    Period,
    Policy,
    Return,
    Site,
    Sizes,
    Standing,
    Subsidy,
    SubsidyBase,
)
from china_build import chain, places, transport
from china_build import figures as f
from china_build import market_figures as m
from china_build.returns import cities, retired_t
from china_build.targets import targets_of
from china_build.what_ifs import SUBSIDY, what_ifs

YEARS = tuple(range(2027, 2035))
SOURCE = (
    "provenance.csv: registrations CC BY 4.0; places GeoNames, CC BY 4.0; detours (c) OpenStreetMap contributors, "
    "ODbL; the rest as named there"
)
STANDING_PLANTS = (440600, 430100, 420800, 330800)
"""Foshan, Changsha, Jingmen, Quzhou: large recyclers are there today."""
NO_PLANTS = (places.CAPITALS["Beijing"], places.CAPITALS["Shanghai"])
PROVINCE_KT, COUNTRY_KT = (10, 30, 100), (30, 100, 200, 300)
"""Sizes of centres."""
DECIMALS = 1
"""Of tonnes returned."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where things are.

    Attributes
    ----------
    table
        The zones, by code.
    tonnes
        Packs that retire, by chemistry: (zones, years).
    km
        Distance matrices by name.
    """

    table: pd.DataFrame
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

    def part(self, rows: np.ndarray) -> Places:
        """Return some of the zones."""
        return Places(
            table=self.table.iloc[rows],
            tonnes={c: tonnes[rows] for c, tonnes in self.tonnes.items()},
            km={name: km[np.ix_(rows, rows)] for name, km in self.km.items()},
        )


def all_cities() -> Places:
    """Return every city as a zone of its own."""
    table = cities()
    table["site"] = places.site_names(table)
    table["people"] = table["population"].fillna(0.0)
    table["seat_lat"], table["seat_lon"] = places.seats(table)
    tonnes = {c: np.column_stack([retired_t(table, year, c) for year in YEARS]) for c in chain.CHEMISTRIES}
    return Places(table=table, tonnes=tonnes, km=places.distances(table))


def china() -> Network:
    """Return all 364 cities: outlets in every city, centres in 40, plants in 16, every province with its fair share."""
    where = all_cities()
    by_province = where.table.assign(peak=where.peak_t).groupby("province")["peak"].idxmax()
    plants = [code for code in where.largest(364) if code in set(by_province)][:13]
    return _network(
        name="Battery recycling in China, 364 cities",
        where=where,
        centre_kt=COUNTRY_KT,
        centres=list(dict.fromkeys([*places.CAPITALS.values(), *where.largest(60)]))[:40],
        plants=[*STANDING_PLANTS, *(code for code in plants if code not in STANDING_PLANTS)],
        targets=targets_of(YEARS, sorted(set(where.table["province"]))),
    )


def capitals() -> Network:
    """Return the 31 capitals, each with its whole province's returns; centres in 20 of them, plants in 12."""
    every = all_cities()
    rows = [np.flatnonzero(every.table["province"] == province) for province in places.CAPITALS]
    alone = every.part(np.array([every.table.index.get_loc(code) for code in places.CAPITALS.values()]))
    where = Places(
        table=alone.table.assign(people=[every.table["people"].iloc[r].sum() for r in rows]),
        tonnes={c: np.array([tonnes[r].sum(axis=0) for r in rows]) for c, tonnes in every.tonnes.items()},
        km=alone.km,
    )
    return _network(
        name="Battery recycling in China, 31 provinces by their capitals",
        where=where,
        centre_kt=COUNTRY_KT,
        centres=where.largest(20),
        plants=[code for code in where.largest(31) if code not in NO_PLANTS][:12],
        targets=targets_of(YEARS, ()),
        haul_per_t=f.PROVINCE_HAUL * f.HAZARDOUS_ROAD,
    )


def province(name: str = "Sichuan") -> Network:
    """Return one province, with the sizes of centres that fit it, and electric lorries."""
    every = all_cities()
    where = every.part(np.flatnonzero(every.table["province"] == name))
    return _network(
        name=f"Battery recycling in {name}",
        where=where,
        centre_kt=PROVINCE_KT,
        centres=where.largest(4),
        plants=where.largest(2),
        targets=targets_of(YEARS, ()),
        is_small=True,
    )


def _network(
    *,
    name: str,
    where: Places,
    centre_kt: tuple[int, ...],
    centres: list[int],
    plants: list[int],
    targets: tuple[CollectionTarget, ...],
    haul_per_t: float = 0.0,
    is_small: bool = False,
) -> Network:
    plants = [code for code in plants if code in where.table.index]
    far = _without_a_centre_near(where, centres)
    modes = transport.modes(is_small=is_small, has_far=bool(far.any()))
    km = {**where.km, transport.FAR_KM: np.where(far[:, None], where.km["road_km"], np.nan)}
    used = {mode.distance for mode in modes}
    # in the country a place has several lines, which together are of nearly any size
    sizes = Sizes.LEVELS if is_small else Sizes.BETWEEN
    return Network(
        name=name,
        source=SOURCE,
        currency="CNY",
        discount_rate=m.DISCOUNT_RATE,
        periods=tuple(Period(name=str(year)) for year in YEARS),
        products=chain.products(),
        sites=tuple(_sites(where)),
        returns=tuple(_returns(where)),
        types=(_outlet(where, haul_per_t), chain.centre(centre_kt, sizes), chain.plant(sizes)),
        candidates=(*_outlets(where), *_open(where, centres, chain.CENTRE), *_plants(where, plants)),
        markets=(*_at_centres(where, centres), *_at_plants(where, plants)),
        modes=modes,
        distances={key: matrix for key, matrix in km.items() if key in used},
        policy=Policy(
            collection_targets=targets,
            subsidies=(Subsidy(name=SUBSIDY, base=SubsidyBase.COLLECTED, rate=0.0),),
            carbon_price_per_t=float(m.CARBON_PRICE),
        ),
        changes=what_ifs(),
    )


def _without_a_centre_near(where: Places, centres: list[int]) -> np.ndarray:
    """Return who is beyond a day's drive from every centre: without a way of their own nobody could serve them."""
    positions = [where.table.index.get_loc(code) for code in centres]
    return np.asarray(where.km["road_km"][:, positions].min(axis=1) > f.HAZARDOUS_LONGEST)


def _sites(where: Places) -> Iterator[Site]:
    for row in where.table.itertuples():
        yield Site(
            name=row.site,
            latitude_deg=float(row.seat_lat),
            longitude_deg=float(row.seat_lon),
            region=row.province,
            people_per_km=round(row.people * f.PEOPLE_PER_KM),
            electricity_price_per_kwh=m.ELECTRICITY_PRICE,
        )


def _returns(where: Places) -> Iterator[Return]:
    for chemistry in chain.CHEMISTRIES:
        for product in (chain.pack(chemistry), chain.contract_pack(chemistry)):
            for site, tonnes in zip(where.names, chain.SHARE[product] * where.tonnes[chemistry], strict=True):
                profile = tuple(round(float(t), DECIMALS) for t in tonnes)
                yield Return(
                    site=site, product=product, tonnes=profile, acquisition_cost_per_t=float(chain.PAID[product])
                )


def _outlet(where: Places, haul_per_t: float) -> FacilityType:
    return chain.outlet(float(np.ceil(1.2 * where.peak_t.max())), haul_per_t)


def _outlets(where: Places) -> Iterator[Candidate]:
    for site in where.names:
        yield Candidate(site=site, type=chain.OUTLET, standing=Standing.EXISTING, level=chain.YARDS, may_close=False)


def _open(where: Places, codes: list[int], type_: str) -> Iterator[Candidate]:
    return (Candidate(site=where.site(code), type=type_) for code in codes)


def _plants(where: Places, codes: list[int]) -> Iterator[Candidate]:
    level = f"{f.EXISTING_T / 1000:g} kt"
    for code in codes:
        stands = code in STANDING_PLANTS
        yield Candidate(
            site=where.site(code),
            type=chain.PLANT,
            standing=Standing.EXISTING if stands else Standing.OPEN,
            level=level if stands else "",
        )


def _at_centres(where: Places, codes: list[int]) -> Iterator[Market]:
    back = (ComesBack(product=chain.pack(m.LFP), share=m.SECOND_LIFE_RETURN, lag_periods=int(m.SECOND_LIFE_YEARS)),)
    for code in codes:
        for product, price in chain.AT_CENTRES.items():
            yield Market(
                site=where.site(code),
                product=product,
                price_per_t=price,
                comes_back=back if product == chain.SECOND_LIFE else (),
            )


def _at_plants(where: Places, codes: list[int]) -> Iterator[Market]:
    for code in codes:
        for product, price in chain.AT_PLANTS.items():
            yield Market(site=where.site(code), product=product, price_per_t=price)
