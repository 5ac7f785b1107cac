"""Plans that cannot exist, seen before they are sought: what is told, and that nothing possible is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from batteryopt.network.data.foresight import foresee
from batteryopt.network.data.instance import (
    CollectionTarget,
    ComesBack,
    Disposal,
    Market,
    Network,
    Policy,
    Product,
    Return,
    Standing,
)
from batteryopt.network.tables import read

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


@pytest.fixture(scope="module")
def hand() -> Network:
    return read(HAND)


def told(network: Network) -> str:
    return "\n".join(map(str, foresee(network)))


def test_nothing_is_said_of_a_network_that_has_a_plan(hand: Network) -> None:
    assert foresee(hand) == []


def test_a_product_that_nobody_takes_is_a_dead_end(hand: Network) -> None:
    assert "makes 'black_mass', which no recipe uses, no market buys and no disposal takes" in told(
        replace(hand, markets=())
    )


def test_returns_out_of_every_takers_reach_are_named(hand: Network) -> None:
    short = replace(hand, modes=(replace(hand.modes[0], longest_km=90.0),), candidates=hand.candidates[:1])
    assert (
        "returns, site 'Bray': 'pack' must be collected, and nobody can take it: no lane leads to any of the 1"
        in told(short)
    )


def test_a_candidate_that_may_not_open_takes_nothing(hand: Network) -> None:
    closed = replace(hand, candidates=tuple(replace(c, standing=Standing.CLOSED) for c in hand.candidates))
    assert "returns, site 'Aston': 'pack' must be collected, and nobody can take it: no site could" in told(closed)


def test_capacity_that_can_never_suffice_is_counted(hand: Network) -> None:
    # two shredders of at most 200 t; 460 t return in the second period, so 60 t have nowhere to go
    more = replace(hand, returns=(*hand.returns[:1], Return(site="Bray", product="pack", tonnes=(60.0, 360.0))))
    assert told(more).startswith("product 'pack', period 'second': at least 60 t have nowhere to go")
    assert len(foresee(more)) == 1


def test_a_market_that_is_too_small_is_counted_where_the_chain_sticks(hand: Network) -> None:
    # 160 t of packs become 64 t of black mass, the market takes 50
    small = replace(hand, markets=(replace(hand.markets[0], most_t=50.0),))
    assert "product 'black_mass', period 'first': at least 14 t have nowhere to go" in told(small)
    disposal = Disposal(site="Aston", product="black_mass", most_t=14.0)
    assert foresee(replace(small, disposals=(disposal,))) == []


def test_what_may_stay_uncollected_is_not_counted_unless_a_target_asks_for_it(hand: Network) -> None:
    optional = Product(name="pack", uncollected_cost_per_t=5.0)
    tight = replace(
        hand,
        products=(optional, *hand.products[1:]),
        markets=(replace(hand.markets[0], most_t=32.0),),  # 80 t of packs, half of what returns
    )
    assert foresee(tight) == []
    half, more = (Policy(collection_targets=(CollectionTarget(name="t", share=s),)) for s in (0.5, 0.6))
    assert foresee(replace(tight, policy=half)) == []
    # 60 % of 160 t are 96 t of packs, 38.4 t of black mass: 6.4 t too many for the market
    assert "product 'black_mass', period 'first': at least 6.4 t" in told(replace(tight, policy=more))


def test_what_comes_back_is_counted_when_it_comes(hand: Network) -> None:
    # the smelter sends back as packs, a period later, whatever it bought: 64 t more in the second period
    back = (ComesBack(product="pack", share=1.0, lag_periods=1),)
    looped = replace(hand, markets=(replace(hand.markets[0], comes_back=back),), candidates=hand.candidates[:1])
    assert "product 'pack', period 'second': at least 24 t have nowhere to go" in told(looped)  # 160 + 64 - 200


def test_a_file_that_can_have_no_plan_is_refused_when_it_is_read(tmp_path: Path) -> None:
    from batteryopt.ground.errors import InvalidInput

    folder = shutil.copytree(HAND, tmp_path / "n")
    (folder / "returns.csv").write_text("site,product,tonnes\nAston,pack,1000\n")
    with pytest.raises(InvalidInput, match="at least 600 t have nowhere to go"):
        read(folder)


def test_a_market_at_the_site_takes_without_a_lane(hand: Network) -> None:
    direct = replace(hand, markets=(*hand.markets, Market(site="Aston", product="pack")), candidates=())
    assert "site 'Bray'" not in told(direct)  # Bray reaches the market in Aston
    assert foresee(replace(direct, returns=hand.returns[:1], modes=())) == []
