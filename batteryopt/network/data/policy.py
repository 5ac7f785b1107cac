"""What the planner or the law asks for: groups of sites, targets, coverage, limits, emissions, subsidies, budget.

A rule with a penalty is soft: what is missing is paid for and reported with its place. Without one it must hold.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from batteryopt.network.data import own_contradictions
from batteryopt.network.data.entity import Entity
from batteryopt.network.data.entity_faults import EntityFault
from batteryopt.network.data.fields import (
    AboveZero,
    AnyNumber,
    AnyProfile,
    AtLeastZero,
    AtLeastZeroProfile,
    DistanceName,
    GroupName,
    ModeName,
    OwnName,
    ProductName,
    ShareProfile,
    SiteName,
    TypeName,
)


@dataclass(frozen=True, kw_only=True)
class Group(Entity):
    """Sites with a name. Every region of a site is a group of that name, and "" is the group of all sites."""

    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: OwnName
    sites: tuple[SiteName, ...]


class Sharing(enum.StrEnum):
    """Whether a rule on a group speaks of each of its sites or of all together."""

    EACH = "each"
    TOTAL = "in total"


@dataclass(frozen=True, kw_only=True)
class CollectionTarget(Entity):
    """At least this share of what is returned must be collected.

    Attributes
    ----------
    name
        For messages and reports.
    share
        Of the tonnes returned, what comes back from markets included, 0 to 1, by period; 0 asks for nothing.
    products
        Counted together; empty: all that are returned.
    group, sharing
        Each zone of the group, or the group together.
    penalty_per_t
        A tonne short; None: the target must be met.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    name: OwnName
    share: ShareProfile
    products: tuple[ProductName, ...] = ()
    group: GroupName = ""
    sharing: Sharing = Sharing.TOTAL
    penalty_per_t: AtLeastZero | None = None


@dataclass(frozen=True, kw_only=True)
class Coverage(Entity):
    """At least this share of the zones' weight must have an open facility near (or a visit of a mobile station).

    Attributes
    ----------
    radius_km
        By the distance of `distance` times `detour_factor`, from the zone to the facility, the way batteries go; a site
        is at 0 km from itself.
    types
        Facility types that cover.
    share
        Of the weight, 0 to 1. The weight of a zone is its returns in the period.
    group, sharing
        With ``each`` every zone of the group with returns must be covered (a share above 0 asks so).
    visits
        Trips of mobile modes from a zone in a period, loaded or empty, that cover it, and of rounds, as often as they
        go, times the share that they take of what returns in the zone; None: they do not count.
    penalty_per_t
        A tonne of weight short; None: it must hold.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    name: OwnName
    radius_km: AtLeastZero
    types: tuple[TypeName, ...]
    share: ShareProfile = 1.0
    group: GroupName = ""
    sharing: Sharing = Sharing.TOTAL
    distance: DistanceName = "great-circle"
    detour_factor: AboveZero = 1.0
    visits: AtLeastZero | None = None
    penalty_per_t: AtLeastZero | None = None


class Quantity(enum.StrEnum):
    """What a `Limit` counts."""

    FACILITIES = "facilities"
    """Open facilities."""
    OPENINGS = "openings"
    """Facilities opened in the period."""
    CAPACITY = "capacity_t"
    """Capacity that stands, tonnes."""
    PROCESSED = "processed_t"
    """Tonnes processed; with a ``product``, tonnes of it that recipes use."""
    COLLECTED = "collected_t"
    """Returned and come back, less what is left uncollected."""
    SOLD = "sold_t"
    DISPOSED = "disposed_t"
    STORED = "stored_t"
    RECEIVED = "received_t"
    """What lanes bring to the sites."""
    SENT = "sent_t"
    """What lanes take from the sites."""


NARROWED_BY: Mapping[Quantity, tuple[str, ...]] = {
    Quantity.FACILITIES: ("type",),
    Quantity.OPENINGS: ("type",),
    Quantity.CAPACITY: ("type",),
    Quantity.PROCESSED: ("type", "product"),
    Quantity.COLLECTED: ("product",),
    Quantity.SOLD: ("product",),
    Quantity.DISPOSED: ("type", "product"),
    Quantity.STORED: ("type", "product"),
    Quantity.RECEIVED: ("product", "mode"),
    Quantity.SENT: ("product", "mode"),
}
"""What may narrow a quantity beside a group; of what is processed, a product is one that goes in."""


@dataclass(frozen=True, kw_only=True)
class Limit(Entity):
    """A least and a most of some quantity over sites, in each period.

    Attributes
    ----------
    quantity
        What is counted; ``type``, ``product`` and ``mode``, where given, narrow it as far as the
        quantity has them (`NARROWED_BY`); collected is what returned and
        came back, less what is left uncollected, and processed of a product is what recipes use of it.
    group, sharing
        Each site of the group, or the group together.
    least, most
        In each period; None: no such limit.
    over_all_periods
        Whether the sum over the periods is meant; then the limits are single numbers, and a penalty is paid in the last
        period.
    penalty
        A unit beyond the limit; None: it must hold.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    name: OwnName
    quantity: Quantity
    type: TypeName = ""
    product: ProductName = ""
    mode: ModeName = ""
    group: GroupName = ""
    sharing: Sharing = Sharing.TOTAL
    least: AtLeastZeroProfile | None = None
    most: AtLeastZeroProfile | None = None
    over_all_periods: bool = False
    penalty: AtLeastZero | None = None

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield what its quantity does not know, and sides that are missing or cross."""
        yield from own_contradictions.of_narrowing(self, self.quantity, NARROWED_BY[self.quantity])
        yield from own_contradictions.of_limit(self)


class SubsidyBase(enum.StrEnum):
    """What a subsidy is paid for."""

    COLLECTED = "collected_t"
    """Returned and come back, less what is left uncollected."""
    PROCESSED = "processed_t"
    SOLD = "sold_t"
    OPENING_COST = "opening_cost"
    """The rate is then a share of the money spent on opening and raising; a refund gives its share back."""


SUBSIDY_NARROWED_BY: Mapping[SubsidyBase, tuple[str, ...]] = {
    SubsidyBase.COLLECTED: ("product",),
    SubsidyBase.PROCESSED: ("type", "product"),
    SubsidyBase.SOLD: ("product",),
    SubsidyBase.OPENING_COST: ("type",),
}
"""What may narrow a subsidy's base beside a group."""


@dataclass(frozen=True, kw_only=True)
class Subsidy(Entity):
    """Money from outside.

    Attributes
    ----------
    base
        What it is paid for; collected is what returned and came back, less what is left uncollected; opening_cost is
        what is spent on opening and raising, less what is refunded for shrinking.
    rate
        A tonne, or a share of the opening cost, 0 to 1; what a refund for shrinking gives back of it is paid in full.
    type, product, group
        Narrow what it is paid for; empty: everything.
    most
        The pot of each period; None: no end.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    name: OwnName
    base: SubsidyBase
    rate: AnyProfile
    type: TypeName = ""
    product: ProductName = ""
    group: GroupName = ""
    most: AtLeastZeroProfile | None = None

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield what its base does not know, and a share above all of a cost."""
        yield from own_contradictions.of_narrowing(self, self.base, SUBSIDY_NARROWED_BY[self.base])
        if self.base is SubsidyBase.OPENING_COST:
            yield from own_contradictions.of_share_of_a_cost(self)


@dataclass(frozen=True, kw_only=True)
class Policy(Entity):
    """Every rule that is not of one product, site, facility or mode.

    Attributes
    ----------
    carbon_price_per_t
        A tonne of CO2e; counts all emissions of the plan, avoided ones with their sign.
    emission_cap_t
        Most emissions in a period, tonnes of CO2e.
    emission_cap_total_t
        Most emissions of the whole plan.
    emission_penalty_per_t
        A tonne above a cap, paid in its period (of the total in the last); None: caps hold.
    budget
        Most money for opening and raising in a period, refunds taken off, before subsidies and undiscounted.
    budget_carries_over
        Whether what is left of a period's budget may be spent later.
    budget_penalty
        A unit of money above the budget; None: it holds.
    final_stock_is_free
        Whether stock may remain after the last period; else it must be gone.
    single_source
        Whether every return, and what comes back from markets, has one destination, as if each row said so.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    collection_targets: tuple[CollectionTarget, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    limits: tuple[Limit, ...] = ()
    subsidies: tuple[Subsidy, ...] = ()
    carbon_price_per_t: AnyProfile = 0.0
    emission_cap_t: AnyProfile | None = None
    emission_cap_total_t: AnyNumber | None = None
    emission_penalty_per_t: AtLeastZero | None = None
    budget: AtLeastZeroProfile | None = None
    budget_carries_over: bool = False
    budget_penalty: AtLeastZero | None = None
    final_stock_is_free: bool = False
    single_source: bool = False
