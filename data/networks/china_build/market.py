"""Sichuan as a recycler meets it: packs cost something, black mass has a market, copper is no mixed scrap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import (
    Candidate,
    ComesBack,
    FacilityType,
    Level,
    Market,
    Mode,
    NamedChange,
    Network,
    Period,
    Policy,
    Product,
    Recipe,
    Return,
    Site,
    Sizes,
    Standing,
    Subsidy,
    SubsidyBase,
)
from batteryopt.tables.changes import How
from china_build import chain, places
from china_build import figures as f
from china_build import market_figures as m
from china_build.networks import targets_of
from china_build.returns import LFP, NCM, Floats, cities, registrations, retired_t

YEARS = tuple(range(2027, 2035))
CENTRES, PLANTS = 4, 2
PROVINCE = "Sichuan"
COPPER, ALUMINIUM, CASINGS = "copper_foil", "aluminium_foil", "casings"
SUBSIDY = "for each tonne collected"
PAID = {LFP: m.PAID_LFP, NCM: m.PAID_NCM}
DIGITS = 6


def sichuan() -> Network:
    """Return the network."""
    table = cities()
    table["site"] = places.site_names(table)
    table = table[table["province"] == PROVINCE]
    tonnes = {c: np.column_stack([_retired(table, year, c) for year in YEARS]) for c in (LFP, NCM)}
    names = table["site"].to_list()
    peak = sum(tonnes.values()).max(axis=1)  # type: ignore[union-attr]
    largest = [names[i] for i in np.argsort(-peak, kind="stable")]
    centres, plants = largest[:CENTRES], largest[:PLANTS]
    return Network(
        name=f"Battery recycling in {PROVINCE} as a recycler meets it",
        source="provenance.csv: registrations CC BY 4.0; places GeoNames, CC BY 4.0; the rest as named there",
        currency="CNY",
        discount_rate=f.DISCOUNT_RATE,
        periods=tuple(Period(name=str(year)) for year in YEARS),
        products=_products(),
        sites=tuple(_sites(table)),
        returns=tuple(_returns(names, tonnes)),
        types=(_outlet(peak), _centre(), chain.plant()),
        candidates=(
            *(
                Candidate(site=name, type=chain.OUTLET, standing=Standing.EXISTING, level="yards", may_close=False)
                for name in names
            ),
            *(Candidate(site=name, type=chain.CENTRE) for name in centres),
            *(Candidate(site=name, type=chain.PLANT) for name in plants),
        ),
        markets=(*_markets_at_centres(centres), *_markets_at_plants(plants)),
        modes=_modes(),
        policy=Policy(
            collection_targets=targets_of(YEARS, ()),
            subsidies=(Subsidy(name=SUBSIDY, base=SubsidyBase.COLLECTED, rate=0.0),),
            carbon_price_per_t=float(f.CARBON_PRICE),
        ),
        changes=tuple(_what_ifs()),
    )


# ---- packs ---------------------------------------------------------------------------------------------------------


def _registered(table: pd.DataFrame, year: int) -> Floats:
    """Return vehicles registered by city: known, then growing with the country's sales, then as assumed elsewhere."""
    vehicles = registrations(table, min(year, f.REGISTRATIONS_UNTIL))
    for later in range(f.REGISTRATIONS_UNTIL + 1, year + 1):
        vehicles = vehicles * (1.0 + m.GROWTH.get(later, f.REGISTRATION_GROWTH))
    return vehicles


def _retired(table: pd.DataFrame, year: int, chemistry: str) -> Floats:
    return retired_t(table, year, chemistry, first_age_years=f.SALES_IN_THE_MIDDLE, registered=_registered)


def _sites(table: pd.DataFrame) -> Iterator[Site]:
    for code, row in table.iterrows():
        latitude, longitude = m.SEATS[int(str(code))]
        yield Site(
            name=row["site"],
            latitude_deg=latitude,
            longitude_deg=longitude,
            region=PROVINCE,
            electricity_price_per_kwh=f.ELECTRICITY_PRICE,
        )


def _returns(names: list[str], tonnes: dict[str, Floats]) -> Iterator[Return]:
    for chemistry, amounts in tonnes.items():
        for site, profile in zip(names, amounts, strict=True):
            yield Return(
                site=site,
                product=chain.pack(chemistry),
                tonnes=tuple(round(float(t), 1) for t in profile),
                acquisition_cost_per_t=float(PAID[chemistry]),
            )


# ---- the chain -----------------------------------------------------------------------------------------------------


def _products() -> tuple[Product, ...]:
    scraps = tuple(Product(name=name, hazard=0.0) for name in (COPPER, ALUMINIUM, CASINGS))
    return (*(product for product in chain.products() if product.name != chain.SCRAP), *scraps)


def _outlet(peak: Floats) -> FacilityType:
    """Return the yards that stand, paid by the tonne."""
    level = Level(
        name="yards",
        capacity_t=float(np.ceil(1.2 * peak.max())),
        variable_cost_per_t=round(f.OUTLET_HANDLING + m.OUTLET_SHARE, 2),
    )
    return replace(chain.outlet(), levels=(level,), sizes=Sizes.LEVELS)


def _centre() -> FacilityType:
    """Return centres in sizes that are really built, with foils sold apart from casings."""
    known = chain.centre()
    return replace(
        known,
        sizes=Sizes.LEVELS,
        storage=(),
        recipes=(_dismantle(LFP, f.SECOND_LIFE_SHARE, f.TESTING), _dismantle(NCM, 0.0, 0.0)),
    )


def _dismantle(chemistry: str, second_life: float, testing: float) -> Recipe:
    """Return what a tonne of collected packs becomes; what is repacked for a second life costs its own chain."""
    rest = 1.0 - second_life
    foils = f.CELLS_PER_PACK * f.FOIL_PER_CELL * f.FOIL_RECOVERY
    outputs = {
        chain.CELL_PRODUCTS[chemistry]: rest * f.CELLS_PER_PACK * f.BLACK_MASS_PER_CELL,
        COPPER: rest * foils * m.COPPER_IN_FOIL,
        ALUMINIUM: rest * foils * (1.0 - m.COPPER_IN_FOIL),
        CASINGS: rest * (1.0 - f.CELLS_PER_PACK) * f.SCRAP_PER_CASING,
        chain.SECOND_LIFE: second_life,
    }
    return Recipe(
        name=f"dismantle {chemistry}",
        inputs=((chain.collected(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, DIGITS)) for name, tonnes in outputs.items() if tonnes),
        cost_per_t=testing + second_life * m.SECOND_LIFE_COST + rest * (f.DISASSEMBLY * f.CELLS_PER_PACK + f.WASTE),
    )


def black_mass_price(chemistry: str) -> float:
    """Return what a tonne fetches: by percents of lithium (LFP), or by payables of the metals in it (NCM)."""
    powder = f.CATHODE_PER_CELL / f.BLACK_MASS_PER_CELL
    if chemistry == LFP:
        return float(round(100.0 * powder * f.LI_IN_LFP * m.LFP_PER_PERCENT))
    salts = powder * sum(f.SALTS_PER_CATHODE[name] * f.PRICE_SALTS[name] for name in ("NiSO4", "CoSO4"))
    lithium = powder * f.LI_IN_NCM * f.LI2CO3_PER_LI * f.PRICE_LI2CO3
    return float(round(m.PAYABLE_METALS * salts + m.PAYABLE_LITHIUM * lithium))


def _markets_at_centres(centres: Iterable[str]) -> Iterator[Market]:
    back = (ComesBack(product=chain.pack(LFP), share=f.SECOND_LIFE_RETURN, lag_periods=int(f.SECOND_LIFE_YEARS)),)
    prices = {
        COPPER: m.COPPER_FOIL,
        ALUMINIUM: m.ALUMINIUM_FOIL,
        CASINGS: f.PRICE_SCRAP,
        **{chain.CELL_PRODUCTS[c]: black_mass_price(c) for c in (LFP, NCM)},
    }
    for site in centres:
        yield Market(site=site, product=chain.SECOND_LIFE, price_per_t=float(f.PRICE_SECOND_LIFE), comes_back=back)
        for product, price in prices.items():
            yield Market(site=site, product=product, price_per_t=float(price))


def _markets_at_plants(plants: Iterable[str]) -> Iterator[Market]:
    for site in plants:
        yield Market(site=site, product=chain.LITHIUM, price_per_t=float(f.PRICE_LI2CO3))
        yield Market(site=site, product=chain.SALTS, price_per_t=chain.salts_price())


def _modes() -> tuple[Mode, ...]:
    """Return lorries between the seats; roads are as long as the great circle times the mean of the country."""
    packs = tuple(chain.collected(c) for c in (LFP, NCM))
    return (
        Mode(
            name="road",
            products=packs,
            cost_per_t_km=f.HAZARDOUS_ROAD,
            emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
            detour_factor=f.ROAD_DETOUR,
            longest_km=float(f.HAZARDOUS_LONGEST),
        ),
        Mode(
            name="road_bulk",
            products=tuple(chain.CELL_PRODUCTS.values()),
            cost_per_t_km=f.BULK_ROAD,
            emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
            detour_factor=f.ROAD_DETOUR,
        ),
    )


# ---- what if -------------------------------------------------------------------------------------------------------


def _what_ifs() -> Iterator[NamedChange]:
    """Yield the changes: what packs cost first."""
    paid = {c: f"returns[product={chain.pack(c)}].acquisition_cost_per_t" for c in (LFP, NCM)}
    penalty = "collection_targets.penalty_per_t"
    for name, lfp, ncm in (("owners get nothing", 0, 0), ("dear packs", 8_000, 27_000)):
        yield _change(name, paid[LFP], How.SET, lfp)
        yield _change(name, paid[NCM], How.SET, ncm)
    yield _change("no target", penalty, How.SET, 0)
    yield _change("subsidy of 1,000 instead of target", penalty, How.SET, 0)
    yield _change("subsidy of 1,000 instead of target", f"subsidies[name={SUBSIDY}].rate", How.SET, 1_000)
    for product in (chain.LITHIUM, chain.CELL_PRODUCTS[LFP]):
        yield _change("lithium halved", f"markets[product={product}].price_per_t", How.TIMES, 0.5)
    halved = m.PAYABLE_LITHIUM * f.CATHODE_PER_CELL / f.BLACK_MASS_PER_CELL * f.LI_IN_NCM * f.LI2CO3_PER_LI
    fall = -round(0.5 * halved * f.PRICE_LI2CO3)
    yield _change("lithium halved", f"markets[product={chain.CELL_PRODUCTS[NCM]}].price_per_t", How.PLUS, fall)
    yield _change("copper sold as mixed scrap", f"markets[product={COPPER}].price_per_t", How.SET, f.PRICE_SCRAP)
    for product in chain.CELL_PRODUCTS.values():
        yield _change("no market for black mass", f"markets[product={product}].price_per_t", How.SET, 0)


def _change(name: str, key: str, how: How, value: float) -> NamedChange:
    return NamedChange(name=name, key=key, change=how, value=f"{value:g}")
