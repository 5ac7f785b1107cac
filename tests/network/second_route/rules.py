"""What rules count, what is missed of them, and what subsidies pay: from the reference's page on policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batteryopt.network.data.instance import CollectionTarget, Coverage, Limit, Quantity, Sharing, Subsidy, SubsidyBase
from tests.network.second_route.careers import Place
from tests.network.second_route.flows import Flows
from tests.network.second_route.program import Linear, Program, total
from tests.network.second_route.ways import kilometres, rate

Owed = tuple[int, Linear]
"""A period and the money that is owed in it, not discounted."""


class Rules:
    """The rows of all rules in the flows' program, and the money that soft ones cost and subsidies pay."""

    def __init__(self, flows: Flows) -> None:
        self.flows, self.network, self.program = flows, flows.network, flows.program
        self.policy, self.periods = flows.network.policy, flows.periods
        self.last = self.periods[-1]
        self.penalties: list[Owed] = [
            *self._markets(),
            *(owed for target in self.policy.collection_targets for owed in self._target(target)),
            *(owed for rule in self.policy.coverage for owed in self._coverage(rule)),
            *(owed for limit in self.policy.limits for owed in self._limit(limit)),
            *self._emission_caps(),
            *self._budget(),
        ]
        self.subsidies: list[Owed] = [owed for rule in self.policy.subsidies for owed in self._subsidy(rule)]

    def _owed(self, name: str, over: Linear, penalty: float | None, t: int) -> Iterator[Owed]:
        """Yield the price of what is above zero; without a penalty nothing may be."""
        if penalty is None:
            self.program.at_most_zero(name, over)
        else:
            yield t, self.program.excess(name, over) * penalty

    def _groups(self, group: str, sharing: Sharing) -> list[tuple[str, ...]]:
        if group == "":
            sites = tuple(site.name for site in self.network.sites)
        else:
            declared = [g.sites for g in self.network.groups if g.name == group]
            sites = declared[0] if declared else tuple(s.name for s in self.network.sites if s.region == group)
        return [(site,) for site in sites] if sharing is Sharing.EACH else [sites]

    def _products(self, names: Iterable[str]) -> list[str]:
        return list(names) or [product.name for product in self.network.products]

    def _markets(self) -> Iterator[Owed]:
        for market in self.network.markets:
            if market.least_t is not None:
                for t in self.periods:
                    name = f"least of market {market.site}/{market.product} in {t}"
                    yield from self._owed(name, self.flows.missing(market, t), market.shortfall_penalty_per_t, t)

    def _target(self, target: CollectionTarget) -> Iterator[Owed]:
        for sites in self._groups(target.group, target.sharing):
            for t in self.periods:
                share = self.flows.number(target.share, t)
                places = [(site, product, t) for site in sites for product in self._products(target.products)]
                asked = total(self.flows.returned(*place) for place in places) * share
                missing = asked - total(self.flows.collected(*place) for place in places)
                yield from self._owed(f"target {target.name} {sites} in {t}", missing, target.penalty_per_t, t)

    # ---- coverage

    def weight(self, site: str, t: int) -> float:
        """Return what returns from owners at a zone in a period."""
        return sum(self.flows.number(row.tonnes, t) for row in self.network.returns if row.site == site)

    def _coverage(self, rule: Coverage) -> Iterator[Owed]:
        km = kilometres(self.network, rule.distance)
        covered = {
            (site.name, t): self._covered(rule, km, site.name, t) for site in self.network.sites for t in self.periods
        }
        for sites in self._groups(rule.group, rule.sharing):
            for t in self.periods:
                share = self.flows.number(rule.share, t)
                asked = float(share > 0) if rule.sharing is Sharing.EACH else share
                weights = {site: self.weight(site, t) for site in sites}
                served = total(covered[site, t] * weight for site, weight in weights.items())
                missing = asked * sum(weights.values()) - served
                yield from self._owed(f"coverage {rule.name} {sites} in {t}", missing, rule.penalty_per_t, t)

    def _covered(self, rule: Coverage, km: dict[tuple[str, str], float], zone: str, t: int) -> Linear:
        """Return whether a zone is covered: a facility is near, from the zone to it, or visits suffice."""

        def is_near(site: str) -> bool:
            return site == zone or km.get((zone, site), float("inf")) * rule.detour_factor <= rule.radius_km

        near = [place for place in self.flows.places.values() if place.type in rule.types and is_near(place.site)]
        ways = [total(place.is_open(t) for place in near)]
        if rule.visits is not None:
            visits, needed = self._visits(zone, t), rule.visits
            suffice = self.program.answer(f"visits cover {zone} in {t}", lambda v: visits.at(v) >= needed - 1e-6)
            self.program.at_most_zero(f"visits suffice in {zone} in {t}", suffice * needed - visits)
            ways.append(suffice)
        some = total(ways)
        covered = self.program.answer(f"{rule.name} covers {zone} in {t}", lambda v: some.at(v) > 0.5)
        self.program.at_most_zero(f"something covers {zone} in {t}", covered - some)
        return covered

    def _visits(self, zone: str, t: int) -> Linear:
        mobile = [mode for mode in self.network.modes if mode.is_mobile and mode.whole_trips]
        return total(
            self.flows.trips(mode, origin, destination, t)
            for mode in mobile
            for origin, destination in self.flows.lanes[mode.name]
            if origin == zone
        )

    # ---- limits

    def _limit(self, limit: Limit) -> Iterator[Owed]:
        for sites in self._groups(limit.group, limit.sharing):
            amounts = [total(self.counted(limit, site, t) for site in sites) for t in self.periods]
            due = list(self.periods)
            if limit.over_all_periods:
                amounts, due = [total(amounts)], [self.last]
            for amount, t in zip(amounts, due, strict=True):
                name = f"limit {limit.name} {sites} in {t}"
                if limit.least is not None:
                    missing = self.flows.number(limit.least, t) - amount
                    yield from self._owed(f"{name} (least)", missing, limit.penalty, t)
                if limit.most is not None:
                    beyond = amount - self.flows.number(limit.most, t)
                    yield from self._owed(f"{name} (most)", beyond, limit.penalty, t)

    def counted(self, limit: Limit, site: str, t: int) -> Linear:
        """Return what a limit counts at a site in a period."""
        flows = self.flows
        products = self._products([limit.product] if limit.product else [])
        here = [place for place in flows.at(site) if limit.type in ("", place.type)]
        match limit.quantity:
            case Quantity.FACILITIES:
                return total(place.is_open(t) for place in here)
            case Quantity.OPENINGS:
                return total(place.opens(t) for place in here)
            case Quantity.CAPACITY:
                return total(place.size(t) for place in here)
            case Quantity.PROCESSED:
                return self._processed(here, limit.product, t)
            case Quantity.COLLECTED:
                return total(flows.collected(site, product, t) for product in products)
            case Quantity.SOLD:
                return total(flows.sold(site, product, t) for product in products)
            case Quantity.STORED:
                return total(flows.stock(place, product, t) for place in here for product in products)
            case Quantity.RECEIVED:
                return total(flows.received(site, product, t, limit.mode) for product in products)
            case Quantity.SENT:
                return total(flows.sent(site, product, t, limit.mode) for product in products)
            case Quantity.DISPOSED:
                keys = [
                    ("disposed", site, way.product, way.type, t)
                    for way in self.network.disposals
                    if way.site == site and way.product in products and limit.type in ("", way.type)
                ]
                return total(self.program.decided(*key) for key in keys)
        raise AssertionError(limit.quantity)

    def _processed(self, places: Sequence[Place], product: str, t: int) -> Linear:
        """Tonnes processed; of one product, what recipes use of it."""
        if product:
            return total(self.flows.used(place, product, t) for place in places)
        return total(self.flows.worked(place, recipe, t) for place in places for recipe in place.kind.recipes)

    # ---- emissions and money

    def emitted_t(self, t: int) -> Linear:
        """Return all emissions of a period, t CO2e."""
        return total([self._on_the_way(t), self._at_work(t), self._at_ends(t)]) * 1e-3

    def _on_the_way(self, t: int) -> Linear:
        flows, terms = self.flows, []
        for mode in self.network.modes:
            for (origin, destination), km in flows.lanes[mode.name].items():
                for product in flows.carried(mode):
                    tonnes = self.program.decided("shipped", origin, destination, mode.name, product, t)
                    terms.append(tonnes * (rate(self.network, mode, "emission_kg_per_t_km", product, t) * km))
                a_trip = flows.number(mode.emission_kg_per_trip_km, t) * km
                terms.append(flows.trips(mode, origin, destination, t) * a_trip)
        return total(terms)

    def _at_work(self, t: int) -> Linear:
        flows, terms = self.flows, []
        grids = {site.name: flows.number(site.electricity_kg_per_kwh, t) for site in self.network.sites}
        for place in flows.places.values():
            terms.append(place.figure("emission_kg", t))
            for recipe in place.kind.recipes:
                a_tonne = flows.number(recipe.emission_kg_per_t, t) + recipe.electricity_kwh_per_t * grids[place.site]
                terms.append(flows.worked(place, recipe, t) * a_tonne)
        return total(terms)

    def _at_ends(self, t: int) -> Linear:
        flows = self.flows
        sold = (flows.sold(m.site, m.product, t) * flows.number(m.emission_kg_per_t, t) for m in self.network.markets)
        gone = (
            self.program.decided("disposed", way.site, way.product, way.type, t)
            * flows.number(way.emission_kg_per_t, t)
            for way in self.network.disposals
        )
        return total([*sold, *gone])

    def _emission_caps(self) -> Iterator[Owed]:
        policy = self.policy
        if policy.emission_cap_t is not None:
            for t in self.periods:
                over = self.emitted_t(t) - self.flows.number(policy.emission_cap_t, t)
                yield from self._owed(f"emission cap in {t}", over, policy.emission_penalty_per_t, t)
        if policy.emission_cap_total_t is not None:
            over = total(self.emitted_t(t) for t in self.periods) - policy.emission_cap_total_t
            yield from self._owed("emission cap of the plan", over, policy.emission_penalty_per_t, self.last)

    def spent(self, t: int) -> Linear:
        """Return the money for opening and raising in a period, net of what shrinking gives back."""
        return total(place.invested(t) for place in self.flows.places.values())

    def _budget(self) -> Iterator[Owed]:
        """What is above the budget is owed at once; only what is left of it may be spent later."""
        if self.policy.budget is None:
            return
        left = Linear()
        for t in self.periods:
            over = self.spent(t) - self.flows.number(self.policy.budget, t) - left
            if not self.policy.budget_carries_over:
                yield from self._owed(f"budget in {t}", over, self.policy.budget_penalty, t)
                continue
            rest = _rest(self.program, over, t)
            if self.policy.budget_penalty is None:
                self.program.at_most_zero(f"budget in {t}", over)
                self.program.zero(f"rest of the budget in {t}", rest + over)
            else:
                above = self.program.excess(f"above the budget in {t}", over)
                self.program.zero(f"rest of the budget in {t}", above - rest - over)
                is_above = self.program.answer(f"budget is exceeded in {t}", lambda v, over=over: over.at(v) > 0)
                self.program.only_if(f"nothing above the budget in {t}", above, is_above, most=self._money_at_most())
                self.program.only_if(
                    f"no rest above the budget in {t}", rest, 1.0 - is_above, most=self._money_at_most()
                )
                yield t, above * self.policy.budget_penalty
            left = rest

    def _money_at_most(self) -> float:
        """Return more than is ever spent or left: all budgets, and all places at their dearest, bought and refunded."""
        flows = self.flows
        budgets = sum(flows.number(self.policy.budget or 0.0, t) for t in self.periods)
        dearest = (
            max(flows.number(level.opening_cost, t) for level in place.levels for t in self.periods)
            * place.candidate.opening_cost_factor
            for place in flows.places.values()
        )
        return budgets + 2 * len(self.periods) * sum(dearest)

    def _subsidy(self, rule: Subsidy) -> Iterator[Owed]:
        for t in self.periods:
            due = self._base(rule, t) * self.flows.number(rule.rate, t)
            if rule.most is None:
                yield t, due
            else:
                yield (
                    t,
                    self.program.lesser(
                        f"subsidy {rule.name} in {t}", due, Linear(constant=self.flows.number(rule.most, t))
                    ),
                )

    def _base(self, rule: Subsidy, t: int) -> Linear:
        (sites,) = self._groups(rule.group, Sharing.TOTAL)
        if rule.base is SubsidyBase.OPENING_COST:
            places = self.flows.places.values()
            return total(p.invested(t) for p in places if p.site in sites and rule.type in ("", p.type))
        limit = Limit(name="", quantity=Quantity(rule.base.value), type=rule.type, product=rule.product, least=0.0)
        return total(self.counted(limit, site, t) for site in sites)

    def owners_shares(self, place: Place) -> list[float]:
        """Return what of each period's investment the owner pays: one less the rates of opening subsidies."""
        rules = [
            rule
            for rule in self.policy.subsidies
            if rule.base is SubsidyBase.OPENING_COST
            and rule.type in ("", place.type)
            and place.site in self._groups(rule.group, Sharing.TOTAL)[0]
        ]
        return [1.0 - sum(self.flows.number(rule.rate, t) for rule in rules) for t in self.periods]


def _rest(program: Program, over: Linear, t: int) -> Linear:
    """Return what is left of a budget: whatever is not above it."""
    return program.amount(f"left of the budget in {t}", lambda values: max(0.0, -over.at(values)))
