"""Whose money a plan moves: by arithmetic written out, and against the ledger by another way."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.network.data.instance import Market, Network, Policy, Return, Subsidy, SubsidyBase
from batteryopt.network.money import statement
from batteryopt.network.money.break_even import break_even
from batteryopt.network.money.cash_flow import cash_flow, payback_of
from batteryopt.network.money.parties import parties
from batteryopt.network.money.profit import NOBODY, OF_TERMS, profits
from batteryopt.network.money.rate_of_return import rates_of_return, sign_changes
from batteryopt.network.money.support import support
from batteryopt.network.plan.solution import COLUMNS, Solution
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from batteryopt.network.tables.example import example
from batteryopt.network.view import profit_page
from batteryopt.report.results import Saved

NETWORKS = Path(__file__).parents[2] / "data" / "networks"


def table_of(name: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS[name]))


def hand_plan(network: Network | None = None) -> Solution:
    """The plan that the README of `hand` derives: a small shredder in both cities from the first period."""
    when = ("first", "second")
    return Solution.of(
        network or read(NETWORKS / "hand"),
        facilities=table_of(
            "facilities", *((s, "shredder", "small", p, 100.0) for p in when for s in ("Aston", "Bray"))
        ),
        processed=table_of(
            "processed", *((s, "shredder", "shred", p, t) for p in when for s, t in (("Aston", 100.0), ("Bray", 60.0)))
        ),
        shipped=table_of(
            "shipped",
            *((s, "Cove", "lorry", "black_mass", p, t) for p in when for s, t in (("Aston", 40.0), ("Bray", 24.0))),
        ),
        sold=table_of("sold", *(("Cove", "black_mass", p, 64.0) for p in when)),
    )


@pytest.fixture(scope="module")
def rich_plan() -> Solution:
    found = solve(example()).solution
    assert found is not None
    return found


# ---- cash, payback, rate of return ---------------------------------------------------------------------------------


def test_cash_payback_and_rate_of_the_hand_network() -> None:
    # a period: sales 64 x 300 = 19,200; fixed 2,000; work 160 x 10; freight 40 x 200 x 0.5 + 24 x 150 x 0.5 = 5,800.
    # That leaves 9,800; opening takes 10,000 of the first: -200, then 9,800, which is paid back after a year, at
    # 9,800 / 200 - 1 = 48 = 4,800 % a year; the present value is -200 + 0.8 x 9,800 = 7,640
    flow = cash_flow(hand_plan())
    assert flow["cash"].tolist() == pytest.approx([-200.0, 9800.0, 0.0])
    assert flow["after_years"].tolist() == [0.0, 1.0, 2.0]
    back = payback_of(flow)
    assert back.present_value == pytest.approx(7640.0)
    assert (back.payback_years, back.discounted_payback_years) == (1.0, 1.0)
    assert back.rate == pytest.approx(48.0, rel=1e-9)
    assert statement.to_json(hand_plan())["share_of_turnover"] == pytest.approx(7640 / (1.8 * 19200))


def test_several_changes_of_sign_have_several_rates() -> None:
    # -1,000 + 2,500 x - 1,540 x^2 with x = 1 / (1 + r): x = (2,500 -+ 300) / 3,080 = 1/1.4 and 1/1.1
    payments = [(0.0, -1000.0), (1.0, 2500.0), (2.0, -1540.0)]
    assert sign_changes(payments) == 2
    assert rates_of_return(payments) == pytest.approx((0.1, 0.4), rel=1e-9)
    flow = pd.DataFrame({"after_years": [0.0, 1.0, 2.0], "cash": [-1000.0, 2500.0, -1540.0]})
    flow = flow.assign(running_cash=flow["cash"].cumsum(), discounted_cash=flow["cash"])
    back = payback_of(flow.assign(running_discounted_cash=flow["running_cash"]))
    assert back.rate is None  # there is no one rate
    assert len(back.rates) == 2
    assert back.payback_years is None  # 1,500 after a year, and -40 in the end


def test_two_changes_of_sign_may_have_no_rate() -> None:
    # 1 - 2 x + 2 x^2 has the discriminant 4 - 8 < 0
    assert rates_of_return([(0.0, 1.0), (1.0, -2.0), (2.0, 2.0)]) == ()
    assert rates_of_return([(0.0, -5.0), (1.0, -1.0)]) == ()


def test_a_double_rate_is_found() -> None:
    # (1 - 1.25 x)^2 = 1 - 2.5 x + 1.5625 x^2: worth nothing at 25 %, and above it everywhere else
    assert rates_of_return([(0.0, 1.0), (1.0, -2.5), (2.0, 1.5625)]) == pytest.approx((0.25,), abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 16), min_size=1, max_size=5), st.floats(0.5, 3.0))
def test_rates_are_those_that_the_payments_were_made_of(quarters: set[int], years: float) -> None:
    # payments k x years apart whose worth is the product of (1 - x / root): its zeros are the roots themselves
    roots = [quarter / 4 for quarter in quarters]
    coefficients = np.array([1.0])
    for root in roots:
        coefficients = np.convolve(coefficients, [1.0, -1.0 / root])
    payments = [(k * years, float(c)) for k, c in enumerate(coefficients)]
    expected = sorted(root ** (-1.0 / years) - 1.0 for root in roots)
    assert rates_of_return(payments) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_cash_is_the_ledger_without_harm(rich_plan: Solution) -> None:
    flow = cash_flow(rich_plan)
    terms = rich_plan.cost_terms
    assert flow["discounted_cash"].sum() == pytest.approx(terms["uncollected"] - rich_plan.net_present_cost, rel=1e-12)


# ---- whose ---------------------------------------------------------------------------------------------------------


def test_parties_pay_each_other(rich_plan: Solution) -> None:
    for plan in (hand_plan(), rich_plan):
        found = parties(plan).groupby("party")["receives"].sum()
        harm = plan.cost_terms["uncollected"]
        assert found.drop("the public", errors="ignore").sum() == pytest.approx(0.0, abs=1e-6)
        assert found["operator"] - harm == pytest.approx(-plan.net_present_cost, rel=1e-12)


def test_owners_government_and_buyers_of_the_hand_network() -> None:
    # owners get 20 a tonne: 160 x 20 x 1.8 = 5,760; the government pays 5 a tonne collected, 160 x 5 = 800 a period, of
    # which its pot has 700: 700 x 1.8 = 1,260, and 2 x 700 / 320 = 4.375 for each tonne
    network = read(NETWORKS / "hand")
    paid = tuple(dataclasses.replace(row, acquisition_cost_per_t=20.0) for row in network.returns)
    rule = Subsidy(name="help", base=SubsidyBase.COLLECTED, rate=5.0, most=700.0)
    plan = hand_plan(network.replace(returns=paid, policy=Policy(subsidies=(rule,))))
    found = parties(plan).groupby("party")["receives"].sum()
    assert found["owners of batteries"] == pytest.approx(5760.0)
    assert found["government"] == pytest.approx(-1260.0)
    assert found["buyers"] == pytest.approx(-34560.0)
    assert found["operator"] == pytest.approx(7640 - 5760 + 1260)
    row = support(plan).iloc[0]
    assert (row["rule"], row["paid"], row["paid_per_collected_t"]) == ("help", 1400.0, pytest.approx(4.375))


def test_buyers_are_paid_for_what_they_were_promised() -> None:
    # Cove is to get 70 t a period and gets 64, at 10 a tonne: 6 x 10 x 1.8 = 108, which is no fine of the government
    network = read(NETWORKS / "hand")
    market = dataclasses.replace(network.markets[0], least_t=70.0, shortfall_penalty_per_t=10.0)
    found = parties(hand_plan(network.replace(markets=(market,)))).groupby("party")["receives"].sum()
    assert found["buyers"] == pytest.approx(-34560.0 + 108.0)
    assert "government" not in found


# ---- a tonne -------------------------------------------------------------------------------------------------------


def test_a_tonne_of_the_hand_network_earns() -> None:
    # 0.4 t of black mass at 300 = 120; freight (40 x 100 + 24 x 75) / 160 = 36.25; work 10; facilities (10,000 + 4,000)
    # over 320 t = 43.75. Aston: 0.4 x 100 = 40 of freight, (5,000 + 2,000) / 200 = 35; Bray: 0.4 x 75 = 30, 7,000 / 120
    by_product, by_place = profits(hand_plan())
    each = by_product.set_index("step")["profit_per_collected_t"]
    assert each.to_dict() == pytest.approx(
        {"revenue": 120.0, "transport": -36.25, "processing": -10.0, "facilities": -43.75}
    )
    places = by_place.set_index("site")
    assert places.loc["Aston", "profit_per_collected_t"] == pytest.approx(120 - 40 - 10 - 35)
    assert places.loc["Bray", "profit_per_collected_t"] == pytest.approx(120 - 30 - 10 - 7000 / 120)


def of_a_tonne(plan: Solution) -> dict[tuple[str, str, str], float]:
    """What a tonne collected earns, by product, step and what it is of."""
    by_product, _ = profits(plan)
    return by_product.set_index(["product", "step", "of"])["profit_per_collected_t"].to_dict()


def before_freight(each: dict[tuple[str, str, str], float], product: str) -> float:
    """What a tonne leaves with its purchase, before carbon, freight and facilities."""
    return sum(
        money for (name, step, _), money in each.items()
        if name == product and step in ("revenue", "purchase", "processing")
    )  # fmt: skip


SCRAP = {"copper_foil": 0.04836 * 49_100, "aluminium_foil": 0.07254 * 9_000, "casings": 0.245 * 6_000}
"""2,374.48, 652.86 and 1,470: of a tonne of packs all of which is taken apart."""


def test_a_tonne_of_both_chemistries_of_china_earns() -> None:
    # recipes of the tables, a tonne of packs, black mass sold at the centre:
    #   LFP: 0.2 t second-life pack at 21,000 = 4,200; 0.8 of the scrap, 3,597.87; 0.26 t black mass at 8,315 = 2,161.90
    #        centre 0.2 x 12,400 + 0.8 x (850 x 0.65 + 150) = 3,042, outlet 350 + 350,000 / 720 = 836.11: 6,081.66 left,
    #        of which 6,500 are paid on the market (-418.34) and 5,200 by contract (881.66)
    #   NCM: 4,497.34 of scrap, 0.325 t black mass at 54,313 = 17,651.73, less 702.50, less 836.11: 20,610.45 left, of
    #        which 20,700 (-89.55) or 16,560 (4,050.45) are paid
    each = of_a_tonne(through_chengdu(read(NETWORKS / "china-province")))
    assert each["lfp_pack", "revenue", "second_life_pack"] == pytest.approx(4200.0)
    assert each["lfp_pack", "revenue", "lfp_black_mass"] == pytest.approx(2161.90, abs=0.01)
    assert each["ncm_pack", "revenue", "ncm_black_mass"] == pytest.approx(17_651.73, abs=0.01)
    for product, money in SCRAP.items():
        assert each["lfp_pack", "revenue", product] == pytest.approx(0.8 * money, abs=0.05)
        assert each["ncm_pack", "revenue", product] == pytest.approx(money, abs=0.05)
    assert each["lfp_pack", "processing", "outlet"] == pytest.approx(-836.11, abs=0.01)
    assert each["lfp_pack", "processing", "centre"] == pytest.approx(-3042.0)
    assert each["ncm_pack", "processing", "centre"] == pytest.approx(-702.50)
    for product, left in (
        ("lfp_pack", -418.34), ("lfp_pack_by_contract", 881.66), ("ncm_pack", -89.55),
        ("ncm_pack_by_contract", 4050.45),
    ):  # fmt: skip
        assert before_freight(each, product) == pytest.approx(left, abs=0.1), product
    # the centre stands for all of them and asks the same of a tonne of each
    assert each["lfp_pack", "facilities", "centre"] == pytest.approx(each["ncm_pack", "facilities", "centre"])


def test_a_tonne_refined_in_china_earns() -> None:
    #   LFP: of a tonne of black mass 0.160652 t lithium carbonate, 0.26 x 0.160652 x 75,000 = 3,132.71; plant, for 2 t
    #        of cells a tonne of black mass, 2 x (2,150 + 365 + 990 + 2,500 + 500 x 0.72) = 12,730, 0.26 of it 3,309.80;
    #        carbon 0.26 x 2 x 2,344 kg at 73 a tonne = 88.98
    #   NCM: plant 0.325 x 12,730 = 4,137.25
    each = of_a_tonne(through_chengdu(read(NETWORKS / "china-province"), is_refined=True))
    assert each["lfp_pack", "revenue", "lithium_carbonate"] == pytest.approx(0.26 * 0.160652 * 75000, abs=0.01)
    assert each["lfp_pack", "processing", "plant"] == pytest.approx(-3309.80)
    assert each["lfp_pack", "carbon", ""] == pytest.approx(-0.26 * 2 * 2.344 * 73, abs=0.01)
    assert each["ncm_pack", "processing", "plant"] == pytest.approx(-4137.25)
    # 177 less than sold: 3,132.71 - 3,309.80, and 2,161.90 forgone
    assert before_freight(each, "lfp_pack") == pytest.approx(-418.34 - 2161.90 + 3132.71 - 3309.80, abs=0.1)


def test_the_page_says_the_same_of_a_tonne(tmp_path: Path) -> None:
    # the rows of the page for Chengdu's own packs, against the arithmetic above
    by_product, _ = profits(through_chengdu(read(NETWORKS / "china-province")))
    by_product.to_csv(tmp_path / "profit_by_product.csv", index=False)
    design = {"currency": "CNY", "cost_terms": {"revenue": -1e9}}
    document = {"kind": "network", "instance": "Chengdu", "models": {"design": design}}
    shown = profit_page.by_tonne(Saved(folder=tmp_path, document=document))
    columns = [str(column) for column in shown.columns]
    lfp, contract, ncm = (
        next(i for i, column in enumerate(columns) if column.lower().replace(" ", "_").startswith(f"{name},"))
        for name in ("lfp_pack", "lfp_pack_by_contract", "ncm_pack")
    )
    rows = {str(row[0]): row for row in shown.rows}
    before = rows["Before facilities"]
    carbon = 0.0  # no lorry drives, and nothing is refined
    assert before[lfp] == pytest.approx(-418.34 + carbon, abs=0.1)
    assert before[contract] == pytest.approx(881.66 + carbon, abs=0.1)
    assert before[ncm] == pytest.approx(-89.55 + carbon, abs=0.1)


def test_traces_that_rounding_leaves_have_no_price_a_tonne(tmp_path: Path) -> None:
    # 10 g of one product beside 1,000 t of the other, as a target rounded to kilograms leaves them; 100 EUR of harm for
    # what of it is not collected would be 10 million a tonne
    pd.DataFrame(
        [
            ("lfp", "revenue", "scrap", 5e-3, 500.0),
            ("lfp", "left behind", "lfp", -100.0, -1e7),
            ("ncm", "revenue", "scrap", 5e5, 500.0),
        ],
        columns=["product", "step", "of", "profit", "profit_per_collected_t"],
    ).to_csv(tmp_path / "profit_by_product.csv", index=False)
    pd.DataFrame(
        [("Aston", "lfp", "2027", 50.0, 1e-5), ("Aston", "ncm", "2027", 2000.0, 1000.0)],
        columns=["site", "product", "period", "returned", "collected"],
    ).to_csv(tmp_path / "collection.csv", index=False)
    pd.DataFrame(
        [("bought", "lfp", 1e-5, 600.0, -1e10), ("bought", "ncm", 1000.0, 200.0, 150.0)],
        columns=["kind", "product", "tonnes", "mean_price", "break_even_price"],
    ).to_csv(tmp_path / "break_even.csv", index=False)
    document = {"kind": "network", "instance": "traces", "models": {"design": {"currency": "EUR", "cost_terms": {}}}}
    saved = Saved(folder=tmp_path, document=document)
    assert [str(column).lower() for column in profit_page.by_tonne(saved).columns[1:-1]] == ["ncm, eur/t"]
    assert [str(row[0]).lower() for row in profit_page.prices(saved).rows] == ["ncm"]
    # the money itself is told all the same
    whole = {str(row[0]).lower(): row[-1] for row in profit_page.by_tonne(saved).rows}
    assert whole["left behind: lfp"] == pytest.approx(-100.0)


def through_chengdu(network: Network, *, is_refined: bool = False) -> Solution:
    """Chengdu's packs of all years through its own outlet and centre, and plant; nothing travels, all others' stay."""
    profile = {r.product: network.profile(r.tonnes) for r in network.returns if r.site == "Chengdu"}
    periods = [period.name for period in network.periods]
    recipes = {recipe.name: recipe for type_ in network.types for recipe in type_.recipes}
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
    for t, period in enumerate(periods):
        sold: dict[str, float] = defaultdict(float)
        sizes = {"outlet": 0.0, "centre": 0.0, "plant": 0.0}
        for chemistry in ("lfp", "ncm"):
            tonnes = 0.0
            for recipe, product in (
                (chemistry, f"{chemistry}_pack"),
                (f"{chemistry} by contract", f"{chemistry}_pack_by_contract"),
            ):
                bought = float(profile[product][t])
                rows["processed"].append(("Chengdu", "outlet", f"collect {recipe}", period, bought))
                tonnes += bought
            rows["processed"].append(("Chengdu", "centre", f"dismantle {chemistry}", period, tonnes))
            made = {product: share * tonnes for product, share in recipes[f"dismantle {chemistry}"].outputs}
            if is_refined:
                leach, black = recipes[f"leach {chemistry}"], made.pop(f"{chemistry}_black_mass")
                rows["processed"].append(("Chengdu", "plant", leach.name, period, black))
                made |= {product: share * black for product, share in leach.outputs}
                sizes["plant"] += black * leach.capacity_use
            for product, amount in made.items():
                sold[product] += amount
            sizes["outlet"] += tonnes
        sizes["centre"] = sizes["outlet"]
        rows["facilities"] += [("Chengdu", type_, "any", period, size) for type_, size in sizes.items() if size]
        rows["sold"] += [("Chengdu", product, period, tonnes) for product, tonnes in sold.items()]
        if t + 5 < len(periods):  # 0.95 of second-life packs come back five years later, and stay where they are
            rows["uncollected"].append(("Chengdu", "lfp_pack", periods[t + 5], 0.95 * sold["second_life_pack"]))
    rows["uncollected"] += [
        (r.site, r.product, period, float(network.profile(r.tonnes)[t]))
        for r in network.returns
        for t, period in enumerate(periods)
        if r.site != "Chengdu"
    ]
    return Solution.of(network, **{name: table_of(name, *found) for name, found in rows.items()})


def test_steps_of_all_products_are_the_ledger(rich_plan: Solution) -> None:
    for plan in (hand_plan(), rich_plan, through_chengdu(read(NETWORKS / "china-province"))):
        by_product, _ = profits(plan)
        found = by_product.groupby("step")["present_value"].sum().to_dict()
        expected: dict[str, float] = {}
        for term, cost in plan.cost_terms.items():
            step = OF_TERMS.get(term, term)
            expected[step] = expected.get(step, 0.0) - cost
        size = sum(abs(cost) for cost in plan.cost_terms.values())
        for step, money in expected.items():
            assert found.get(step, 0.0) == pytest.approx(money, abs=1e-9 * size), step
        # what is sold, bought, worked on and carried is all some product's; nothing of it is left over
        left = by_product[by_product["product"] == NOBODY]["step"]
        assert not set(left) & {"revenue", "purchase", "transport", "processing"}


def test_what_stands_idle_is_no_products(rich_plan: Solution) -> None:
    # a large shredder in Aston, in which nothing is done: 8,000 to open it and 2 x 1,500 to keep it
    plan = hand_plan()
    idle = dataclasses.replace(
        plan,
        facilities=table_of("facilities", *(("Aston", "shredder", "large", p, 200.0) for p in ("first", "second"))),
        **{name: table_of(name) for name in ("processed", "shipped", "sold")},
        uncollected=table_of(
            "uncollected",
            *((s, "pack", p, t) for p in ("first", "second") for s, t in (("Aston", 100.0), ("Bray", 60.0))),
        ),
    )
    by_product, _ = profits(idle)
    row = by_product.iloc[0]
    assert len(by_product) == 1
    assert (row["product"], row["step"], row["profit"]) == (NOBODY, "facilities", pytest.approx(-11_000.0))


# ---- break-even ----------------------------------------------------------------------------------------------------


def test_break_even_of_the_hand_network() -> None:
    # 7,640 over 64 x 1.8 = 115.2 discounted tonnes sold is 66.32 below 300; over 160 x 1.8 = 288 bought, 26.53 above 0
    found = break_even(hand_plan()).set_index("product")["break_even_price"]
    assert found["black_mass"] == pytest.approx(300 - 7640 / 115.2)
    assert found["pack"] == pytest.approx(7640 / 288)


def test_at_its_break_even_price_the_plan_kept_earns_nothing(rich_plan: Solution) -> None:
    for plan in (hand_plan(), rich_plan):
        for row in break_even(plan).itertuples():
            moved = float(row.break_even_price - row.mean_price)
            changed = dataclasses.replace(plan, network=shifted(plan.network, row.kind, row.product, moved))
            left = changed.net_present_cost - changed.cost_terms["uncollected"]
            size = sum(abs(cost) for cost in changed.cost_terms.values())
            assert left == pytest.approx(0.0, abs=1e-9 * size)


def shifted(network: Network, kind: str, product: str, money: float) -> Network:
    """Return a network in which a product's prices are so much higher everywhere."""

    def sale(row: Market) -> Market:
        price = tuple((network.profile(row.price_per_t) + money).tolist())
        return dataclasses.replace(row, price_per_t=price) if row.product == product else row

    def purchase(row: Return) -> Return:
        price = tuple((network.profile(row.acquisition_cost_per_t) + money).tolist())
        return dataclasses.replace(row, acquisition_cost_per_t=price) if row.product == product else row

    if kind == "sold":
        return network.replace(markets=tuple(map(sale, network.markets)))
    return network.replace(returns=tuple(map(purchase, network.returns)))


def test_money_is_plain_data(rich_plan: Solution) -> None:
    found = statement.to_json(rich_plan)
    assert math.isfinite(found["present_value"])
    assert {row["product"] for row in found["break_even"]} >= {"pack"}
    for row in found["profit_by_product"]:
        assert row["profit_per_collected_t"] is None or math.isfinite(row["profit_per_collected_t"])
