"""Named what-ifs of the Chinese networks: what packs cost, what the state does, what is sold and for how much."""

from __future__ import annotations

from collections.abc import Iterator

from batteryopt.network.data.instance import NamedChange
from batteryopt.tables.changes import How
from china_build import chain
from china_build import market_figures as m
from china_build.market_figures import LFP, NCM

SUBSIDY = "for each tonne collected"
RATES = (500, 1_000, 1_500)
PAID = "returns[product={}].acquisition_cost_per_t"
PRICE = "markets[product={}].price_per_t"
PENALTY = "collection_targets.penalty_per_t"
ALL_PACKS = "returns.acquisition_cost_per_t"
DEAR, CHEAP = 1.3, 0.7


def what_ifs() -> tuple[NamedChange, ...]:
    """Return the changes, those of packs' prices and of policy first."""
    return (*_packs(), *_policy(), *_sales())


def _packs() -> Iterator[NamedChange]:
    yield _change("owners get nothing", ALL_PACKS, How.SET, 0)
    yield _change("dear packs", ALL_PACKS, How.TIMES, DEAR)
    yield _change("cheap packs", ALL_PACKS, How.TIMES, CHEAP)


def _policy() -> Iterator[NamedChange]:
    yield _change("no target", PENALTY, How.SET, 0)
    yield _change("low penalty", PENALTY, How.SET, 1_000)
    for rate in RATES:
        yield _change(f"subsidy of {rate:,} instead of target", PENALTY, How.SET, 0)
        yield _change(f"subsidy of {rate:,} instead of target", f"subsidies[name={SUBSIDY}].rate", How.SET, rate)
    yield _change("deposit of 1,000 instead of target", PENALTY, How.SET, 0)
    yield _change("deposit of 1,000 instead of target", ALL_PACKS, How.PLUS, -1_000)


def _sales() -> Iterator[NamedChange]:
    yield from _lithium("lithium halved", 0.5)
    yield _change("copper sold as casings", PRICE.format(chain.COPPER), How.SET, m.CASINGS)
    yield _change("second life at half the price", PRICE.format(chain.SECOND_LIFE), How.TIMES, 0.5)
    for c in chain.CHEMISTRIES:
        yield _change("no market for black mass", PRICE.format(chain.black_mass(c)), How.SET, 0)


def _lithium(name: str, factor: float) -> Iterator[NamedChange]:
    """Yield lithium at another price, black mass with it, and what workshops then bid for packs."""
    carbonate = factor * m.PRICE_LI2CO3
    yield _change(name, PRICE.format(chain.LITHIUM), How.SET, carbonate)
    for c in (LFP, NCM):
        yield _change(name, PRICE.format(chain.black_mass(c)), How.SET, m.black_mass_price(c, carbonate))
        bid = m.workshop_bid(c, carbonate)
        yield _change(name, PAID.format(chain.pack(c)), How.SET, bid)
        yield _change(name, PAID.format(chain.contract_pack(c)), How.SET, round(m.CONTRACT_PRICE * bid))


def _change(name: str, key: str, how: How, value: float) -> NamedChange:
    return NamedChange(name=name, key=key, change=how, value=f"{value:g}")
