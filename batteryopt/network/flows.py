"""What moves through the network, from where to where and how: products, sites, returns, markets, disposal, transport.

All masses are tonnes, all distances kilometres, all money the currency of the `Network`. A `Profile` is one number
for all periods or a tuple with one number a period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

Profile: TypeAlias = float | tuple[float, ...]
"""One number for all periods, or a tuple with one number a period."""

GREAT_CIRCLE = "great-circle"
"""The distance that needs no table: along the sphere between the sites' coordinates."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of time; stocks, capacities and fixed costs are those of the whole stretch.

    Attributes
    ----------
    name
        What the planner calls it ("2025").
    years
        Its length, for discounting only.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    years: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Product:
    """A thing that has a mass and a place: a pack of one grade, a tested pack, scrap, black mass, a metal.

    Attributes
    ----------
    hazard
        Weight of a tonne of it in the risk objective; 0 for what cannot burn.
    uncollected_cost_per_t
        What it costs to leave a returned tonne where it fell (fines, harm); None: everything must be collected.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    hazard: float = 1.0
    uncollected_cost_per_t: Profile | None = None


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place: a city that returns batteries, a plot for a plant, a buyer, or all of these.

    Attributes
    ----------
    latitude_deg, longitude_deg
        Position; may be missing where every mode has a distance table.
    region
        Name of the region it belongs to; each region is a `Group` without being declared.
    people_per_km
        People who live along a kilometre of way here; a lane has the mean of its two ends.
    electricity_price_per_kwh
        What a facility pays here.
    electricity_kg_per_kwh
        Emission of the grid here, kg CO2e.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    region: str = ""
    people_per_km: float = 0.0
    electricity_price_per_kwh: Profile = 0.0
    electricity_kg_per_kwh: Profile = 0.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way the future may go; today one scenario is planned at a time."""

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class Return:
    """Batteries that come back at a site, by product (a grade is a product).

    Attributes
    ----------
    tonnes
        What returns in a period.
    acquisition_cost_per_t
        Paid to the owner of every tonne collected.
    scenario
        The scenario it belongs to; empty: all of them.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "scenario")

    site: str
    product: str
    tonnes: Profile
    acquisition_cost_per_t: Profile = 0.0
    scenario: str = ""


@dataclass(frozen=True, kw_only=True)
class ComesBack:
    """Part of what a market bought returns at its site some periods later (second-life packs at their second end).

    Attributes
    ----------
    product
        What it is then.
    share
        Tonnes that return for each tonne bought.
    lag_periods
        How many periods later; 0 is the same period. What would return after the last period is not modelled.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "lag_periods")

    product: str
    share: float
    lag_periods: int


@dataclass(frozen=True, kw_only=True)
class Market:
    """A buyer.

    Attributes
    ----------
    price_per_t
        Negative where the taker must be paid.
    most_t, least_t
        Tonnes sold there that it buys at most and must get at least in a period; None: any amount.
    shortfall_penalty_per_t
        Price of a tonne missing from ``least_t``; None: the contract must be kept.
    emission_kg_per_t
        Charged to the plan a tonne sold; negative for primary production avoided.
    comes_back
        What returns later.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "scenario")

    site: str
    product: str
    price_per_t: Profile = 0.0
    most_t: Profile | None = None
    least_t: Profile | None = None
    shortfall_penalty_per_t: float | None = None
    emission_kg_per_t: Profile = 0.0
    comes_back: tuple[ComesBack, ...] = ()
    scenario: str = ""


@dataclass(frozen=True, kw_only=True)
class Disposal:
    """A way to be rid of a product at a site.

    Attributes
    ----------
    cost_per_t
        Negative where disposal earns.
    most_t
        A period; None: any amount. A limit over several sites is a `Limit`.
    type
        The facility type that must be open at the site to dispose of it there; empty: none.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "product", "type")

    site: str
    product: str
    cost_per_t: Profile = 0.0
    most_t: Profile | None = None
    emission_kg_per_t: Profile = 0.0
    type: str = ""


@dataclass(frozen=True, kw_only=True)
class ModeProduct:
    """What differs from the mode's own figures when it carries this product; None: nothing does."""

    KEY: ClassVar[tuple[str, ...]] = ("product",)

    product: str
    cost_per_t_km: Profile | None = None
    cost_per_t: Profile | None = None
    emission_kg_per_t_km: Profile | None = None


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A way to carry: lorry, electric lorry, rail, a mobile station on its round.

    A trip is the journey of one vehicle along one lane. With ``trip_capacity_t`` trips are counted and paid for: as
    many as the load needs, in fractions or, where ``whole_trips``, whole ones. A mobile round is a mode with
    ``is_mobile``: its vehicle stands at the destination (the depot) and visits the origin. Every trip of it, loaded or
    empty, ends where in that period a facility is open of which a recipe uses a product that the mode may carry.

    Attributes
    ----------
    products
        What it may carry; None: everything.
    cost_per_t_km, cost_per_t
        Freight, and loading with unloading.
    emission_kg_per_t_km
        kg CO2e.
    risk_factor
        Multiplies the risk of a tonne-kilometre (tonnes x km x people along a km x hazard).
    distance
        ``great-circle`` or the name of a distance table; where that has no number there is no way.
    detour_factor
        Multiplies every distance that is not a lane's own.
    shortest_km, longest_km
        Lanes outside these limits do not exist for it.
    trip_capacity_t
        Load of a vehicle; None: trips are not counted.
    whole_trips
        Whether trips are whole numbers.
    cost_per_trip, cost_per_trip_km
        A trip, and each kilometre of the lane on it (one way; double it for a way back that is paid).
    emission_kg_per_trip_km
        kg CO2e.
    trips_per_depot
        Most trips that end at one site in a period (its vehicles' time); None: any number.
    is_mobile
        Whether a trip is the visit of a mobile station, which may cover its origin, and ends at an open facility that
        uses what the mode may carry; visits are counted and reported where trips are whole.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    products: tuple[str, ...] | None = None
    cost_per_t_km: Profile = 0.0
    cost_per_t: Profile = 0.0
    emission_kg_per_t_km: Profile = 0.0
    by_product: tuple[ModeProduct, ...] = ()
    risk_factor: float = 1.0
    distance: str = GREAT_CIRCLE
    detour_factor: float = 1.0
    shortest_km: float = 0.0
    longest_km: float | None = None
    trip_capacity_t: float | None = None
    whole_trips: bool = False
    cost_per_trip: Profile = 0.0
    cost_per_trip_km: Profile = 0.0
    emission_kg_per_trip_km: Profile = 0.0
    trips_per_depot: float | None = None
    is_mobile: bool = False


@dataclass(frozen=True, kw_only=True)
class Lane:
    """What differs on one way from one site to another.

    A row for one mode goes before the row for all modes of the same way in what it states.

    Attributes
    ----------
    mode
        The mode it speaks of, whose row goes before that of all modes in what it states; empty: all.
    is_allowed
        False closes it; that of a mode's own row counts, so that it may open what is closed to the others.
    distance_km
        Instead of the mode's distance; opens a way that a table has no number for, and is not held to the mode's
        limits.
    extra_cost_per_t
        A toll or a ferry; 0 in a mode's own row leaves that of all modes.
    most_t
        All products together, a period; in a row of all modes, all of them together, whatever a mode's own row says.
    people_per_km
        Instead of the mean of the two ends.
    """

    KEY: ClassVar[tuple[str, ...]] = ("origin", "destination", "mode")

    origin: str
    destination: str
    mode: str = ""
    is_allowed: bool = True
    distance_km: float | None = None
    extra_cost_per_t: Profile = 0.0
    most_t: Profile | None = None
    people_per_km: float | None = None
