"""The data of the coordination paper's figures, from arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.games.coordination.paper.drawn_figures import printed_region, redrawn
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model
from batteryopt.games.coordination.solve import solve

MODELS = (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT)


@pytest.fixture(scope="module")
def figures():
    return {figure.number: figure for figure in redrawn(solve(TABLE_2_INSTANCE, MODELS, route="both"))}


def arithmetic():
    """Return profits apart and under the contract, by hand.

    theta = 0.6, beta = 0.7, S = 9, G = 1.98, H = 12 (m - c_t - w_t), F = G + theta H = 9.18. Apart: Q = 10, w = 10,
    e_r = 1.386. Contract: Q = 15 at w = 0, e_r = 0.7 (9.18 - 3.24)/1.1764, x = 1 - 1.386/e_r.
    """
    apart_service, best = 0.7 * 1.98, 0.7 * (9.18 - 0.36 * 9) / 1.1764
    x = 1 - apart_service / best
    found = {}
    for name, e_r, w, demand, share in (("apart", apart_service, 10, 10, 0.0), ("contract", best, 0, 15, x)):
        collected = 9 + 0.7 * e_r
        usable = 0.6 * collected
        found[name] = {
            "manufacturer": w * demand + 1.98 * collected - (1 - share) * e_r**2 / 2,
            "retailer": demand**2,
            "echelon enterprise": 12 * usable - usable**2 / 2 - share * e_r**2 / 2,
        }
    return found


def test_fig_1_has_what_flows(figures):
    """Apart: 10 vehicles at 10 and 20; 9 + 0.7 * 1.386 batteries, 0.6 of them usable, resold at m - U + e_t = m."""
    rows = figures["Fig. 1"].frame.set_index(["from", "to"])
    returned = 9 + 0.7 * 1.386
    assert rows.loc[("manufacturer", "retailer"), ["amount", "price"]].tolist() == pytest.approx([10, 10])
    assert rows.loc[("retailer", "car owners"), ["amount", "price"]].tolist() == pytest.approx([10, 20])
    assert rows.loc[("car owners", "manufacturer"), "amount"] == pytest.approx(returned)
    assert rows.loc[("enterprise", "storage market"), ["amount", "price"]].tolist() == pytest.approx(
        [0.6 * returned, 15]
    )
    assert rows.loc[("manufacturer", "regeneration"), ["amount", "price"]].tolist() == pytest.approx(
        [0.4 * returned, 1.2]
    )


def test_fig_2_moves_money_one_for_one(figures):
    frame, by_hand = figures["Fig. 2"].frame, arithmetic()
    paid_to = {"K1": "manufacturer", "K2": "echelon enterprise"}
    for sum_ in paid_to:
        panel = frame[frame["panel"].str.startswith(sum_)]
        for player in ("manufacturer", "retailer", "echelon enterprise"):
            lines = panel[(panel["series"] == f"{player}, contract") & (panel["route"] == "formula")]
            slope, _ = np.polyfit(lines["lump_sum"], lines["profit"], 1)
            assert slope == pytest.approx({paid_to[sum_]: 1.0, "retailer": -1.0}.get(player, 0.0), abs=1e-9)
            levels = panel[panel["series"] == f"{player}, decentralised"]["profit"]
            assert levels.tolist() == pytest.approx([by_hand["apart"][player]] * len(levels), rel=1e-9)
            dots = panel[(panel["series"] == f"{player}, contract") & (panel["route"] == "optimizer")]
            on_line = np.interp(dots["lump_sum"], lines["lump_sum"], lines["profit"])
            assert dots["profit"].tolist() == pytest.approx(on_line.tolist(), rel=1e-6)


def test_fig_2_s_bands_are_where_all_gain(figures):
    """At the band's ends one player earns what it has apart; the other lump sum is Nash's: a third of the gain each."""
    by_hand = arithmetic()
    gain = sum(by_hand["contract"].values()) - sum(by_hand["apart"].values())
    change = {player: by_hand["contract"][player] - money for player, money in by_hand["apart"].items()}
    (k1_low, k1_high), (k2_low, k2_high) = figures["Fig. 2"].bands.values()
    assert k1_low == pytest.approx(-change["manufacturer"], rel=1e-9)
    assert k2_low == pytest.approx(-change["echelon enterprise"], rel=1e-9)
    assert k1_high - k1_low == pytest.approx(2 * gain / 3, rel=1e-9)
    assert k2_high - k2_low == pytest.approx(2 * gain / 3, rel=1e-9)


def test_the_triangles_of_14(figures):
    """K1 from 98.51, K2 from -1.23, their sum to 125. As Table 2 prints: 118.78 - 46.27, 53.89 - 39.12, 125."""
    frame, by_hand = figures["(14)"].frame, arithmetic()
    change = {player: by_hand["contract"][player] - money for player, money in by_hand["apart"].items()}
    corners = frame[frame["series"] == "all three gain, either sign"]
    assert corners["K1"].min() == pytest.approx(-change["manufacturer"], rel=1e-9)
    assert corners["K2"].min() == pytest.approx(-change["echelon enterprise"], rel=1e-9)
    assert (corners["K1"] + corners["K2"]).max() == pytest.approx(125, rel=1e-9)
    assert frame[frame["series"] == "all three gain, (14)"]["K2"].min() == 0
    printed = printed_region()
    assert (printed.least_k1, printed.least_k2, printed.most_sum) == pytest.approx((72.51, 14.77, 125))
    right = corners["K1"].max() - corners["K1"].min()
    assert printed.gain - right == pytest.approx(10, abs=0.02)  # as much as the row does not add up
