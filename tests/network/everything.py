"""A small network that uses every part of the model, for tests; three towns, three periods."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    Coverage,
    Disposal,
    FacilityType,
    Group,
    Lane,
    Level,
    LevelProduct,
    Limit,
    Market,
    Mode,
    ModeProduct,
    Network,
    Period,
    Policy,
    Product,
    Quantity,
    Recipe,
    Return,
    Sharing,
    Site,
    Sizes,
    Standing,
    Storage,
    Subsidy,
    SubsidyBase,
)

ROAD_KM = np.array([[0.0, 30, 80, 50], [30, 0, 60, 40], [80, 60, 0, 70], [50, 40, 70, 0]])


def everything() -> Network:
    """Return the network; its sites are Ash, Birch, Cedar and the buyer Docks."""
    return Network(
        name="everything",
        currency="EUR",
        discount_rate=0.25,
        periods=(Period(name="1"), Period(name="2"), Period(name="3", years=2)),
        products=(
            Product(name="pack", uncollected_cost_per_t=(40, 50, 60)),
            Product(name="checked", hazard=0.5),
            Product(name="mass", hazard=0.0),
        ),
        sites=(
            Site(name="Ash", region="west", people_per_km=10, electricity_price_per_kwh=0.1),
            Site(name="Birch", region="west", people_per_km=20, electricity_kg_per_kwh=(0.5, 0.4, 0.3)),
            Site(name="Cedar", region="east", people_per_km=5),
            Site(name="Docks", people_per_km=40),
        ),
        returns=(
            Return(site="Ash", product="pack", tonnes=(20, 30, 40), acquisition_cost_per_t=3),
            Return(site="Birch", product="pack", tonnes=(10, 10, 20)),
            Return(site="Cedar", product="pack", tonnes=5, single_source=True),
        ),
        types=(outlet(), plant(), shredder()),
        candidates=(
            Candidate(site="Ash", type="outlet", standing=Standing.EXISTING, level="small"),
            Candidate(site="Birch", type="outlet", opening_cost_factor=1.5, variable_cost_factor=2),
            Candidate(site="Cedar", type="outlet", standing=Standing.FORCED, forced_from="3", largest_level="small"),
            Candidate(site="Birch", type="plant", standing=Standing.EXISTING, capacity_t=30, may_close=False),
            Candidate(site="Cedar", type="plant", earliest="2"),
            Candidate(site="Ash", type="shredder", standing=Standing.CLOSED),
            Candidate(site="Cedar", type="shredder", fixed_cost_factor=0.5),
        ),
        markets=(
            Market(
                site="Docks",
                product="mass",
                price_per_t=200,
                most_t=40,
                least_t=(2, 4, 6),
                shortfall_penalty_per_t=90,
                emission_kg_per_t=-100,
            ),
            Market(
                site="Cedar",
                product="checked",
                price_per_t=(30, 20, 10),
                most_t=6,
                comes_back=(ComesBack(product="pack", share=0.8, lag_periods=1),),
            ),
        ),
        disposals=(
            Disposal(site="Ash", product="checked", cost_per_t=70, most_t=4, emission_kg_per_t=7, type="outlet"),
            Disposal(site="Docks", product="mass", cost_per_t=5),
        ),
        modes=modes(),
        lanes=(
            Lane(origin="Ash", destination="Cedar", is_allowed=False),
            Lane(origin="Ash", destination="Birch", extra_cost_per_t=2, most_t=25, people_per_km=100),
            Lane(origin="Birch", destination="Docks", mode="rail", distance_km=90),
        ),
        distances={"road": ROAD_KM, "rail": np.full((4, 4), np.nan)},
        groups=(Group(name="towns", sites=("Ash", "Birch", "Cedar")),),
        policy=policy(),
    )


def outlet() -> FacilityType:
    """Collects: packs become checked packs; two levels with costs of their own, a store and a life."""
    return FacilityType(
        name="outlet",
        recipes=(Recipe(name="check", inputs=(("pack", 1),), outputs=(("checked", 0.9),), electricity_kwh_per_t=10),),
        levels=(
            Level(
                name="small",
                capacity_t=25,
                opening_cost=100,
                fixed_cost=(10, 11, 12),
                variable_cost_per_t=4,
                storage_limit_t=3,
                closing_cost=20,
                emission_kg=500,
            ),
            Level(
                name="large",
                capacity_t=60,
                least_t=5,
                opening_cost=180,
                fixed_cost=18,
                variable_cost_per_t=3,
                storage_limit_t=8,
                closing_cost=30,
            ),
        ),
        storage=(
            Storage(product="checked", holding_cost_per_t=1, limit_t=6, longest_stay_periods=1),
            Storage(product="pack", site="Ash", holding_cost_per_t=2, initial_t=1, longest_stay_periods=2),
        ),
        life_periods=4,
        new_may_close=True,
    )


def plant() -> FacilityType:
    """Makes black mass of checked packs; capacities between its three levels."""
    return FacilityType(
        name="plant",
        recipes=(
            Recipe(
                name="leach", inputs=(("checked", 1),), outputs=(("mass", 0.5),), cost_per_t=20, emission_kg_per_t=30
            ),
            Recipe(
                name="direct",
                inputs=(("pack", 0.5), ("checked", 0.5)),
                outputs=(("mass", 0.6),),
                cost_per_t=35,
                capacity_use=2,
            ),
        ),
        levels=(
            Level(name="S", capacity_t=20, opening_cost=300, fixed_cost=15, variable_cost_per_t=6, by_product=packs(6)),
            Level(
                name="M", capacity_t=40, opening_cost=500, fixed_cost=25, variable_cost_per_t=6, by_product=packs(12)
            ),
            Level(
                name="L", capacity_t=80, opening_cost=800, fixed_cost=40, variable_cost_per_t=6, by_product=packs(20)
            ),
        ),
        sizes=Sizes.BETWEEN,
        life_periods=10,
    )


def packs(tonnes: float) -> tuple[LevelProduct, ...]:
    """Return a capacity of packs, as much as the direct recipe could take anyway, or a little more."""
    return (LevelProduct(product="pack", capacity_t=tonnes),)


def shredder() -> FacilityType:
    """Makes a little black mass of packs at once."""
    return FacilityType(
        name="shredder",
        recipes=(Recipe(name="shred", inputs=(("pack", 1),), outputs=(("mass", 0.3),)),),
        levels=(Level(name="one", capacity_t=50, opening_cost=120, fixed_cost=8, variable_cost_per_t=2),),
    )


def modes() -> tuple[Mode, ...]:
    """A lorry, a railway with one lane, and a mobile round."""
    return (
        Mode(
            name="lorry",
            distance="road",
            cost_per_t_km=0.2,
            cost_per_t=1,
            emission_kg_per_t_km=0.1,
            by_product=(ModeProduct(product="mass", cost_per_t_km=0.1, emission_kg_per_t_km=0.05),),
            trip_capacity_t=10,
            cost_per_trip=5,
            cost_per_trip_km=0.5,
            emission_kg_per_trip_km=0.3,
            trips_per_depot=20,
        ),
        Mode(name="rail", distance="rail", products=("mass",), cost_per_t_km=(0.05, 0.04, 0.03), risk_factor=0.1),
        Mode(
            name="round",
            distance="road",
            detour_factor=1.2,
            longest_km=40,
            products=("pack",),
            trip_capacity_t=4,
            whole_trips=True,
            cost_per_trip=12,
            cost_per_trip_km=0.4,
            trips_per_depot=9,
            is_mobile=True,
            single_source=True,
        ),
    )


def policy() -> Policy:
    """Some of every rule, soft ones and hard ones."""
    return Policy(
        collection_targets=(
            CollectionTarget(name="half", share=(0.5, 0.6, 0.7), penalty_per_t=75),
            CollectionTarget(name="fair", share=0.2, group="towns", sharing=Sharing.EACH, products=("pack",)),
        ),
        coverage=(
            Coverage(name="near", radius_km=35, types=("outlet",), share=(0, 0.8, 0.8), distance="road", visits=2),
            Coverage(
                name="all",
                radius_km=90,
                types=("outlet", "plant"),
                sharing=Sharing.EACH,
                distance="road",
                penalty_per_t=11,
            ),
        ),
        limits=(
            Limit(name="few", quantity=Quantity.FACILITIES, type="outlet", group="west", most=2),
            Limit(name="one-a-year", quantity=Quantity.OPENINGS, most=2, sharing=Sharing.TOTAL),
            Limit(name="sent", quantity=Quantity.SENT, product="pack", mode="round", most=30, over_all_periods=True),
            Limit(name="work", quantity=Quantity.PROCESSED, product="pack", least=10, penalty=13),
            Limit(name="room", quantity=Quantity.CAPACITY, type="plant", sharing=Sharing.EACH, most=70, penalty=17),
            Limit(name="got", quantity=Quantity.COLLECTED, group="west", least=12, product="pack"),
            Limit(name="dump", quantity=Quantity.DISPOSED, type="outlet", most=3),
        ),
        subsidies=(
            Subsidy(name="a-tonne", base=SubsidyBase.PROCESSED, rate=2, type="plant"),
            Subsidy(name="pot", base=SubsidyBase.COLLECTED, rate=4, most=(50, 60, 70)),
            Subsidy(name="start", base=SubsidyBase.OPENING_COST, rate=0.1, group="east"),
        ),
        carbon_price_per_t=80,
        emission_cap_t=(3, 3, 4),
        emission_cap_total_t=9,
        emission_penalty_per_t=500,
        budget=(400, 300, 300),
        budget_carries_over=True,
        budget_penalty=0.5,
    )
