"""What may stand at a site: facility types with recipes and levels, storage, and the candidates for them."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from batteryopt.network.data import own_contradictions
from batteryopt.network.data.entity import Entity
from batteryopt.network.data.entity_faults import EntityFault
from batteryopt.network.data.fields import (
    AboveZero,
    Amounts,
    AnyProfile,
    AtLeastZero,
    AtLeastZeroProfile,
    OwnName,
    PeriodName,
    Periods,
    ProductName,
    SiteName,
    TypeName,
)


@dataclass(frozen=True, kw_only=True)
class Recipe(Entity):
    """What a facility makes of what, for each tonne processed.

    Attributes
    ----------
    name
        Distinguishes the recipes of one type; they share its capacity.
    inputs, outputs
        (product, tonnes for each tonne processed). Outputs may weigh less than inputs (losses) but not more than
        inputs and ``reagents_t`` together.
    reagents_t
        Mass that is added, tonnes for each tonne processed.
    cost_per_t
        Beside the level's variable cost.
    electricity_kwh_per_t
        At the site's price and emission.
    emission_kg_per_t
        Beside that of the electricity, kg CO2e.
    capacity_use
        Capacity that a tonne processed takes.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    inputs: Amounts
    outputs: Amounts
    reagents_t: AtLeastZero = 0.0
    cost_per_t: AnyProfile = 0.0
    electricity_kwh_per_t: AtLeastZero = 0.0
    emission_kg_per_t: AnyProfile = 0.0
    capacity_use: AboveZero = 1.0

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield amounts that are none, and more mass out than in."""
        return own_contradictions.of_recipe(self)


@dataclass(frozen=True, kw_only=True)
class LevelProduct(Entity):
    """How much of one product a size can take, beside what it can process in all: lines of its own, a permit.

    Attributes
    ----------
    product
        What recipes of the facility use.
    capacity_t
        Most tonnes of the product that are used in a period, by all recipes together.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product",)

    product: ProductName
    capacity_t: AtLeastZero


@dataclass(frozen=True, kw_only=True)
class Level(Entity):
    """A size of a facility type; the costs are of the whole size, not of the step from the size below.

    Attributes
    ----------
    capacity_t
        What it can process in a period.
    least_t
        What it must process in a period while it is open, counted as capacity is: times the recipe's capacity_use.
    opening_cost
        Raising a facility costs the difference of two levels' opening costs in that period; shrinking, where it is
        refunded, earns it.
    fixed_cost
        A period, while it is open at this level.
    variable_cost_per_t
        A tonne processed. With levels of one type that differ, each tonne is processed at the level that is open.
    storage_limit_t
        All stored products together, with sizes between levels given for all levels or for none; None: any amount.
    closing_cost
        Paid when a facility of this level closes, for the size that stood before.
    emission_kg
        A period, while it is open at this level, kg CO2e.
    by_product
        Capacities of single products, all within `capacity_t`; a product that has one has one at every size of the
        facility. Products without are held by `capacity_t` alone.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    capacity_t: AtLeastZero
    least_t: AtLeastZero = 0.0
    opening_cost: AnyProfile = 0.0
    fixed_cost: AnyProfile = 0.0
    variable_cost_per_t: AnyProfile = 0.0
    storage_limit_t: AtLeastZero | None = None
    closing_cost: AnyProfile = 0.0
    emission_kg: AnyProfile = 0.0
    by_product: tuple[LevelProduct, ...] = ()

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield a least that is above the capacity."""
        return own_contradictions.of_level(self)

    def capacity_of(self, product: str) -> float | None:
        """Return the most that it takes of a product; None where only `capacity_t` holds it."""
        return next((row.capacity_t for row in self.by_product if row.product == product), None)


def smallest_first(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return levels in growing order of capacity; as they are where it is not known, a fault told later."""
    is_sortable = isinstance(levels, tuple | list) and all(isinstance(level, Level) for level in levels)
    if is_sortable and all(isinstance(level.capacity_t, int | float) for level in levels):
        return tuple(sorted(levels, key=lambda level: level.capacity_t))
    return levels


@dataclass(frozen=True, kw_only=True)
class Storage(Entity):
    """That a facility type may keep a product from one period to the next.

    Attributes
    ----------
    site
        The one site that the row speaks of; empty: all sites of the type without a row of their own.
    holding_cost_per_t
        A tonne in stock at a period's end.
    limit_t
        Safety limit of this product; None: only the level's. Without an open facility nothing is stored.
    longest_stay_periods
        A tonne must have left so many periods after it came; None: no limit.
    initial_t
        In stock before the first period; only where the facility exists already, and only with a ``site``.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "site")

    product: ProductName
    site: SiteName = ""
    holding_cost_per_t: AtLeastZeroProfile = 0.0
    limit_t: AtLeastZero | None = None
    longest_stay_periods: Periods | None = None
    initial_t: AtLeastZero = 0.0


class Sizes(enum.StrEnum):
    """Which capacities a facility may have."""

    LEVELS = "levels"
    """Those of its levels only."""
    BETWEEN = "between"
    """Also all between two neighbouring levels, at costs on the straight line between theirs."""


@dataclass(frozen=True, kw_only=True)
class FacilityType(Entity):
    """A kind of facility: outlet, centre, dismantling line, hydrometallurgical plant.

    Attributes
    ----------
    recipes
        At least one. An outlet has one that turns a returned pack into a collected one.
    levels
        Sizes, in any order; at least one, unless every candidate has its own.
    sizes
        Whether capacities between levels may be had.
    storage
        What it may store.
    life_periods
        Straight-line life of what is paid for size: of each payment in the plan, refunds with their minus and without
        what subsidies on the opening cost pay (whatever is in their pots), the rest at the end of the plan is salvage,
        if the facility stands in the last period. None: no salvage.
    new_may_close
        Whether a facility opened in the plan may be closed in it. One that exists already may always be closed,
        unless its candidate says otherwise.
    refunds_shrinking
        Whether a facility with sizes between levels may shrink, down to its smallest level, and is paid back at the
        period's price of raising, where it stands on: what closes is not refunded. (So does RELOG; nobody sells used
        concrete at the price of new.)
    """

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    recipes: tuple[Recipe, ...]
    levels: tuple[Level, ...]
    sizes: Sizes = Sizes.LEVELS
    storage: tuple[Storage, ...] = ()
    life_periods: AboveZero | None = None
    new_may_close: bool = False
    refunds_shrinking: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", smallest_first(self.levels))
        super().__post_init__()

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield a type that can do nothing, and sizes that do not go together."""
        return own_contradictions.of_type(self)


class Standing(enum.StrEnum):
    """What is decided beforehand about a candidate."""

    OPEN = "open"
    """It may be opened."""
    CLOSED = "closed"
    """It may not."""
    FORCED = "forced"
    """It must be opened, in ``forced_from`` at the latest."""
    EXISTING = "existing"
    """It stands before the first period, at ``level``."""


@dataclass(frozen=True, kw_only=True)
class Candidate(Entity):
    """A facility type at a site.

    Attributes
    ----------
    level
        Of an existing or forced facility, its (least) level; empty: the smallest.
    capacity_t
        Of an existing facility whose type has sizes between levels; None: the level's.
    forced_from
        Name of the period from which a forced one must stand; empty: the first.
    earliest
        Name of the first period in which it may be opened or raised; empty: the first.
    largest_level
        Name of the largest level that the place allows; empty: all.
    may_close
        Whether an existing one may be closed.
    opening_cost_factor, fixed_cost_factor, variable_cost_factor, holding_cost_factor
        Land and wages of the place; multiply the type's costs: of opening, raising and shrinking (so that refunds,
        salvage, budget and subsidies follow), of standing, of processing (the recipe's cost counts, electricity does
        not), of stock; nothing multiplies the closing cost.
    levels
        Instead of the type's, where the place has sizes and costs of its own.
    """

    KEY: ClassVar[tuple[str, ...]] = ("site", "type")

    site: SiteName
    type: TypeName
    standing: Standing = Standing.OPEN
    level: OwnName = ""
    capacity_t: AtLeastZero | None = None
    forced_from: PeriodName = ""
    earliest: PeriodName = ""
    largest_level: OwnName = ""
    may_close: bool = True
    opening_cost_factor: AtLeastZero = 1.0
    fixed_cost_factor: AtLeastZero = 1.0
    variable_cost_factor: AtLeastZero = 1.0
    holding_cost_factor: AtLeastZero = 1.0
    levels: tuple[Level, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "levels", smallest_first(self.levels))
