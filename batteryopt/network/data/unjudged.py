"""The tables of a network and what is looked up in them, with nothing said yet about whether they go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.facilities import Candidate, FacilityType, Level
from batteryopt.network.data.flows import Disposal, Lane, Market, Mode, Period, Product, Profile, Return, Scenario, Site
from batteryopt.network.data.policy import Group, Policy, SubsidyBase
from batteryopt.network.data.what_ifs import NamedChange

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class UnjudgedNetwork:
    """What `instance.Network` consists of, for those who judge it: its attributes are explained there."""

    name: str
    currency: str = ""
    discount_rate: float = 0.0
    periods: tuple[Period, ...]
    products: tuple[Product, ...]
    sites: tuple[Site, ...]
    returns: tuple[Return, ...]
    types: tuple[FacilityType, ...]
    candidates: tuple[Candidate, ...]
    markets: tuple[Market, ...] = ()
    disposals: tuple[Disposal, ...] = ()
    modes: tuple[Mode, ...]
    lanes: tuple[Lane, ...] = ()
    distances: Mapping[str, Floats] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    policy: Policy = field(default_factory=Policy)
    scenarios: tuple[Scenario, ...] = ()
    changes: tuple[NamedChange, ...] = ()
    source: str = ""

    @cached_property
    def discount_factors(self) -> Floats:
        """Value today of one unit of money in each period (T), paid at the period's beginning."""
        years = np.cumsum([0.0, *(period.years for period in self.periods)])[:-1]
        return np.asarray((1.0 + self.discount_rate) ** -years, dtype=float)

    @property
    def discount_factor_at_end(self) -> float:
        """Value today of one unit of money after the last period."""
        return float((1.0 + self.discount_rate) ** -sum(period.years for period in self.periods))

    @cached_property
    def groups_by_name(self) -> Mapping[str, tuple[str, ...]]:
        """Sites by group: the declared ones, the regions, and "" for all sites."""
        regions: dict[str, list[str]] = {"": [site.name for site in self.sites]}
        for site in self.sites:
            if site.region:
                regions.setdefault(site.region, []).append(site.name)
        return {name: tuple(sites) for name, sites in regions.items()} | {g.name: g.sites for g in self.groups}

    @cached_property
    def period_index(self) -> Mapping[str, int]:
        """Position of a period by name."""
        return {period.name: t for t, period in enumerate(self.periods)}

    @cached_property
    def types_by_name(self) -> Mapping[str, FacilityType]:
        """Facility types by name."""
        return {type_.name: type_ for type_ in self.types}

    def subsidised_share(self, candidate: Candidate) -> Floats:
        """Return the share of a candidate's opening cost that subsidies pay, whatever is in their pots (T)."""
        rules = [rule for rule in self.policy.subsidies if rule.base is SubsidyBase.OPENING_COST]
        mine = [r for r in rules if r.type in ("", candidate.type) and candidate.site in self.groups_by_name[r.group]]
        return sum((self.profile(rule.rate) for rule in mine), np.zeros(len(self.periods)))

    def levels_of(self, candidate: Candidate) -> tuple[Level, ...]:
        """Return the levels that a candidate may have, smallest first."""
        levels = candidate.levels or self.types_by_name[candidate.type].levels
        if not candidate.largest_level:
            return levels
        names = [level.name for level in levels]
        return levels[: names.index(candidate.largest_level) + 1]

    def profile(self, value: Profile) -> Floats:
        """Return a profile as an array, one number a period (T)."""
        if isinstance(value, tuple):
            return np.array(value, dtype=float)
        return np.full(len(self.periods), value, dtype=float)
