"""The numbers in the charts, against derivations and hand-made answers."""

import dataclasses
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from batteryopt.games.coordination.data.instance import as_network
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.view import existence as coordination_existence
from batteryopt.games.coordination.view import network_form as coordination_network
from batteryopt.games.coordination.view import sections as coordination
from batteryopt.games.coordination.view import sensitivity as coordination_sensitivity
from batteryopt.games.differential.view import sections as differential_game
from batteryopt.network.view import comparison as network_comparison
from batteryopt.network.view import compromise_charts as network_frontier
from batteryopt.network.view import flow_charts as network_flows
from batteryopt.network.view import map as network_map
from batteryopt.network.view import sections as network
from batteryopt.network.view import served_cities as network_service
from batteryopt.report import words
from batteryopt.report.results import load


def trace(spec, name):
    return next(trace for trace in spec["data"] if trace["name"] == name)


def by_name(module, saved):
    return {spec["name"]: spec for spec in module.charts(saved)}


@pytest.mark.parametrize(
    ("module", "fixture"), [(coordination, "coordination_game"), (differential_game, "paths_game"), (network, "plan")]
)
def test_plotly_accepts_every_chart(module, fixture, request):
    specs = [spec for spec in module.charts(request.getfixturevalue(fixture)) if "map" not in spec]
    assert len(specs) > 3
    for spec in specs:
        go.Figure({"data": spec["data"], "layout": {k: v for k, v in spec["layout"].items() if k != "shapes"}})


def test_tornado_of_the_market_size(coordination_game):
    """Only vehicles depend on a: their profit is (a - w)/2 (a + w)/2 = (a^2 - 100)/4.

    a = 30 gives 200; a = 27 gives 157.25; a = 33 gives 247.25.
    """
    spec = by_name(coordination, coordination_game)["tornado"]
    low, high = spec["data"]
    row = low["y"].index("market size a")
    assert (low["x"][row], high["x"][row]) == (pytest.approx(-42.75), pytest.approx(47.25))


def test_curves_end_where_formulas_do(coordination_game):
    """With a below w = 10 nobody buys; the curve of w reaches 15 < a = 30, so all of it is there."""
    spec = by_name(coordination, coordination_game)["over-w"]
    retailer = trace(spec, "Retailer")
    assert None not in retailer["y"]
    # the retailer earns ((a - w)/2)^2: 156.25 at w = 5, 56.25 at w = 15
    assert (retailer["y"][0], retailer["y"][-1]) == (pytest.approx(156.25), pytest.approx(56.25))


def test_stacked_profits_of_the_contract_include_lump_sums(coordination_game):
    """K1 and K2 are paid by the retailer: the sum of the three stays the chain's."""
    spec = by_name(coordination, coordination_game)["profits"]
    parts = [trace(spec, name) for name in ("Manufacturer", "Retailer", "Echelon enterprise")]
    at = parts[0]["y"].index("Contract")
    answer = coordination_game.models["contract"]
    before = coordination_game.models["decentralized"]["profits"]
    assert sum(part["x"][at] for part in parts) == pytest.approx(answer["profits"]["supply_chain"], rel=1e-5)
    for part, player in zip(parts, ("manufacturer", "retailer", "echelon_enterprise"), strict=True):
        assert part["x"][at] > before[player]


def test_phase_line_falls_at_the_decay_rate_through_the_steady_state(paths_game):
    """dm/dt = -Q (m - m_inf), whatever the formula that drew it."""
    spec = by_name(differential_game, paths_game)["phase-line"]
    for name, title in (("integrated", "Integrated"), ("decentralized", "Decentralised")):
        answer, line = paths_game.models[name], trace(spec, title)
        x, y = np.array(line["x"]), np.array(line["y"])
        expected = -answer["decay_rate"] * (x - answer["steady_state"]["efficiency"])
        assert y == pytest.approx(expected, abs=1e-3)


def test_paths_from_both_sides_meet(paths_game):
    lines = by_name(differential_game, paths_game)["regimes-efficiency"]["data"]
    steady = {name: paths_game.models[name]["steady_state"]["efficiency"] for name in ("integrated", "decentralized")}
    for line in lines:
        name = "decentralized" if line["name"].startswith("Decentralised") else "integrated"  # the contract's, too
        assert line["y"][-1] == pytest.approx(steady[name], rel=1e-3)
    starts = sorted({line["y"][0] for line in lines})
    assert starts[0] < min(steady.values()) < max(steady.values()) < starts[-1]


def test_all_three_regimes_are_drawn_from_both_sides_and_the_contract_is_the_integrated_one(paths_game):
    for name in ("regimes-efficiency", "regimes-innovation", "regimes-price"):
        lines = {
            line["name"].partition(" (")[0]: line["y"] for line in by_name(differential_game, paths_game)[name]["data"]
        }
        assert len(lines) == 6
        for side in ("from above", "from below"):
            assert lines[f"Contract, {side}"] == lines[f"Integrated, {side}"] != lines[f"Decentralised, {side}"]


def test_the_page_says_how_prices_move_and_at_which_cost_that_changes(paths_game):
    """m_inf = 34 f/(2.4 - 2 f^2) = 15 with f = 1 - c0: 30 f^2 + 34 f - 36 = 0, so f = (sqrt(5476) - 34)/60 = 2/3."""
    note = by_name(differential_game, paths_game)["regimes-price"]["note"]
    assert "Integrated: skimming from m0 = 15.0 (penetration below c0 = 0.3333, skimming above)." in note
    assert "Decentralised: skimming from m0 = 15.0 (skimming whatever c0 is)." in note


def test_over_the_share_each_player_crosses_what_it_has_apart_at_an_end_of_the_band(paths_game):
    spec = by_name(differential_game, paths_game)["over-share"]
    (band,) = spec["layout"]["shapes"]
    ends = paths_game.models["contract"]["share_range"]
    assert [band["x0"], band["x1"]] == pytest.approx(ends, rel=1e-6)
    for player, end in zip(("Retailer", "Manufacturer"), ends, strict=True):
        contract, apart = (trace(spec, f"{player}, {kind}") for kind in ("contract", "decentralised"))
        assert np.interp(end, contract["x"], contract["y"]) == pytest.approx(apart["y"][0], rel=1e-5)


def test_curves_over_credits_pass_through_the_answer_and_stop_at_the_assumption(paths_game):
    """c1 + c2 = 3 must exceed 2 h theta = 0.4 h: there is nothing from h = 7.5 on."""
    chain = trace(by_name(differential_game, paths_game)["over-credit-price"], "Chain, integrated")
    at = chain["x"].index(5.0)
    assert chain["y"][at] == pytest.approx(paths_game.models["integrated"]["present_value"]["supply_chain"], rel=1e-5)
    assert all((value is None) == (h >= 7.5) for h, value in zip(chain["x"], chain["y"], strict=True))


def test_share_interval_is_the_contracts(paths_game):
    spec = by_name(differential_game, paths_game)["share-interval"]
    at = spec["data"][0]["x"].index(5.0)
    assert [line["y"][at] for line in spec["data"]] == pytest.approx(
        paths_game.models["contract"]["share_range"], rel=1e-5
    )


def test_materials_of_the_hand_made_plan(plan):
    """Each of 320 t of packs gives 0.4 t of black mass, which is sold: 128 t, and 192 t are lost."""
    [sankey] = network_flows.sankey(plan)["data"]
    names, link = [name.replace("<br>", " ") for name in sankey["node"]["label"]], sankey["link"]
    flows = {
        (names[source], names[target]): value
        for source, target, value in zip(link["source"], link["target"], link["value"], strict=True)
    }
    assert flows == {
        ("Returned", "Pack"): 320.0,
        ("Pack", "Shredder"): 320.0,
        ("Shredder", "Black mass"): 128.0,
        ("Shredder", "Lost in processing"): 192.0,
        ("Black mass", "Sold"): 128.0,
    }


def test_costs_and_capacity_of_the_hand_made_plan(plan):
    """Freight of 5,800 a period, the second discounted by 1.25; 100 t of 100 t and 60 t of 100 t are used: 80 %."""
    specs = by_name(network, plan)
    assert trace(specs["cost-by-period"], "Transport")["y"][:2] == [5800.0, 4640.0]
    assert trace(specs["utilisation"], "Shredder")["y"] == [0.8, 0.8]


def test_map_rows_of_the_hand_made_plan(plan):
    content = network_map.plan_map(plan)
    aston, bray, cove = (content["sites"].index(name) for name in ("Aston", "Bray", "Cove"))
    assert [aston, cove, 0, 0, 0, 40.0, 200] in content["flows"]
    assert [bray, cove, 0, 0, 1, 24.0, 150] in content["flows"]
    assert content["most"] == 40.0
    assert [aston, 0, "small", 0, 100.0, 100.0] in content["facilities"]
    west, east, south, north = content["range"]
    assert all(west < x < east for x in content["x"])
    assert all(south < y < north for y in content["y"])


@pytest.mark.parametrize("latitude", [-40.0, 0.0, 20.0, 55.0])
def test_map_keeps_areas(latitude):
    """A cell of a hundredth of a degree has the area cos(latitude) on the sphere, and on the map."""
    step = 0.01
    corners = np.array([[10.0, latitude - step / 2], [10.0 + step, latitude + step / 2]])
    (x0, y0), (x1, y1) = network_map.project(corners, middle=35.0)
    assert (x1 - x0) * (y1 - y0) / step**2 == pytest.approx(math.cos(math.radians(latitude)), rel=1e-6)


def test_borders_are_where_the_world_has_them(plan):
    """Mont Blanc lies on a border, Tarifa on a coast, Nebraska far from both; nothing lies off the map."""
    lines = np.vstack(network_map._lines())
    assert np.abs(lines[:, 0]).max() <= 180.01
    assert np.abs(lines[:, 1]).max() <= 90.01

    def nearest_km(longitude, latitude):
        east = (lines[:, 0] - longitude) * math.cos(math.radians(latitude))
        return 111.2 * float(np.hypot(east, lines[:, 1] - latitude).min())

    assert nearest_km(6.865, 45.833) < 15  # Mont Blanc
    assert nearest_km(-5.60, 36.0) < 15  # Punta de Tarifa, Spain's southern end
    assert nearest_km(-100.0, 40.0) > 500  # the middle of North America


def test_side_by_side_names_what_is_gained_and_lost(plan, other_plan):
    table = network_comparison.changes([plan, other_plan])
    assert table.rows == [["other", "Shredder", "1: Cove", "1: Bray"]]
    same = network_comparison.changes([plan, plan])
    assert same.rows == []
    assert same.caption.endswith("the same")


def test_frontier_has_a_point_for_every_plan(compromises):
    """Up to 15 t a tonne more costs 25 / 1.25 = 20; from there to all 20 t next to nothing."""
    [plans] = by_name(network, compromises)["frontier"]["data"]  # all proven: no bounds beside them
    assert plans["x"] == pytest.approx([10, 11.25, 12.5, 15, 20], rel=1e-4)
    assert plans["y"] == pytest.approx([400, 425, 450, 500, 500], rel=1e-4)
    rows = network_frontier.table(compromises).rows
    assert [row[5] for row in rows[:4]] == [None, "20.0", "20.0", "20.0"]
    assert [row[-1] for row in rows] == [f"points/{number}" for number in range(1, 6)]


def test_frontier_shows_bounds_where_plans_are_not_proven(compromises):
    found = compromises.frontier
    points = [{**point, "gap": 0.1, "bound": 0.9 * point["cost"]} for point in found["points"]]
    document = {**compromises.document, "frontier": {**found, "points": points}}
    _, bounds = network_frontier.curve(dataclasses.replace(compromises, document=document))["data"]
    assert bounds["y"] == pytest.approx([360, 382.5, 405, 450, 450], rel=1e-4)


def test_cost_terms_of_the_frontiers_ends(compromises):
    """One point opened for 100 and 10 t left for 300; two points opened for 100 + 400 and nothing left."""
    spec = by_name(network, compromises)["frontier-cost-terms"]
    opening, left = trace(spec, "Opening"), trace(spec, "Uncollected")
    assert (opening["x"][0], opening["x"][-1]) == ("Point 1", "Point 5")
    assert (opening["y"][0], left["y"][0]) == (pytest.approx(100), pytest.approx(300, rel=1e-4))
    assert (opening["y"][-1], left["y"][-1]) == (pytest.approx(500), pytest.approx(0, abs=1e-2))


def test_a_point_is_a_result_of_its_own(compromises):
    point = load(compromises.folder / "points/2")
    assert point.instance.name == compromises.instance.name
    assert "with collection at least 11.25 can be better" in words.verdict(point.models["design"])
    assert point.label == "Point 2"


def test_contract_exists_up_to_the_transfer_price_at_which_nothing_is_left_to_share(coordination_game):
    """One owner gives e_r = beta (F - theta^2 S) / (1 + beta^2 theta^2), whatever the transfer price.

    S = 8 + 1, F = 1.2 * 0.4 + 0.6 (15 - 0.5) = 9.18: e_r = 0.7 (9.18 - 3.24) / 1.1764 = 3.53451. The manufacturer
    alone gives 0.7 (0.48 + 0.6 w_t), which is as much at w_t = (3.53451 / 0.7 - 0.48) / 0.6 = 7.61550. Nobody needs the
    contract to lower the price of vehicles once w >= a = 30, where the decentralised formula ends.
    """
    rows = {row[0]: row[1:] for row in coordination_existence.ranges(coordination_game.instance).rows}
    here, low, high = rows["transfer price wₜ"]
    assert (here, low) == (2.5, "0")
    assert high == pytest.approx(7.61550, abs=1e-4)
    assert rows["wholesale price w"][2] == pytest.approx(30.0)
    assert rows["market size a"][1] == pytest.approx(10.0)
    assert rows["market size a"][2] == "120.000 or beyond"


def test_map_of_the_contract_is_blank_where_there_is_none(coordination_game):
    """x = 1 - 0.7 (0.48 + 0.6 w_t) / e_r; with m = 15 it is 0.60789 at w_t = 2.5 and falls as w_t rises."""
    spec = by_name(coordination, coordination_game)["contract-exists-w-t-m"]
    trace_, own = spec["data"]
    row = trace_["z"][trace_["y"].index(15.0)]
    assert row[trace_["x"].index(2.5)] == pytest.approx(1 - 0.7 * (0.48 + 0.6 * 2.5) / 3.534512, abs=1e-4)
    assert (own["x"], own["y"]) == ([2.5], [15.0])
    assert all(value is None for value in trace_["z"][0])  # nobody buys echelon batteries at m = 0


def test_contract_curves_over_the_wholesale_price(coordination_game):
    """Vehicles alone gain by it, (a^2 - (a^2 - w^2)) / 4 = w^2 / 4: 50 more at w = 15 than at w = 5."""
    gain = trace(by_name(coordination, coordination_game)["over-w-contract"], "Gain")["y"]
    assert gain[-1] - gain[0] == pytest.approx(50.0, rel=1e-4)


def test_tornado_of_the_cost_share_has_no_bar_for_what_does_not_move_it(coordination_game):
    low, high = by_name(coordination, coordination_game)["tornado-cost-share"]["data"]
    assert not {"market size a", "wholesale price w"} & set(low["y"])
    row = low["y"].index("transfer price wₜ")
    # 0.1 * 2.5 * 0.6 * 0.7 / 3.534512, down where the price is up
    assert high["x"][row] == pytest.approx(-0.029707, abs=1e-5)


def alike():
    """Return the game with two regions, each half the market, and one enterprise: by hand, as one region's game."""
    return CoordinationNetwork(
        name="alike",
        market_size=(30, 30),
        wholesale_price=(10, 10),
        service_response=(0.7, 0.7),
        voluntary_returns=(4, 4),
        residual_value=(1, 1),
        testing_cost=(0.5,),
        transfer_price=2.5,
        scrap_value=1.2,
        usable_share=0.6,
        echelon_market_size=20,
    )


def test_tornados_of_several_retailers_against_arithmetic():
    """Each of two regions earns (a^2 - 100)/4 by vehicles: 2 * -42.75 and 2 * 47.25 for a = 27 and 33, half for one."""
    charts = {spec["name"]: spec for spec in coordination_network.charts(alike())}
    for name, word, share in (("tornado", "all market sizes a", 2), ("members", "market size a, region 2", 1)):
        low, high = charts[name]["data"]
        row = low["y"].index(word)
        assert low["x"][row] == pytest.approx(-42.75 * share, rel=1e-5)
        assert high["x"][row] == pytest.approx(47.25 * share, rel=1e-5)
    # each retailer earns ((a - w)/2)^2 = 100, and with w = 11 90.25
    low, high = charts["tornado-retailer"]["data"]
    assert high["x"][high["y"].index("all wholesale prices w")] == pytest.approx(2 * (90.25 - 100), rel=1e-5)
    assert "transfer price wₜ" not in high["y"]


def test_terms_of_several_retailers_are_those_of_one_where_there_is_one(coordination_game):
    """The paper's game as a network gives the tornados that its own formulas give."""
    game = coordination_game.instance
    single = {spec["name"]: spec for spec in coordination_sensitivity.charts(game)}
    several = {spec["name"]: spec for spec in coordination_network.charts(as_network(game))}
    moved = {"tornado-gain": "wholesale price", "tornado-cost-share": "transfer price", "tornado-k1": "market size"}
    for name, word in moved.items():
        for mine, other in zip(several[name]["data"], single[name]["data"], strict=True):
            found = [next(x for y, x in zip(data["y"], data["x"], strict=True) if word in y) for data in (mine, other)]
            assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_a_game_without_a_contract_has_no_tornado_of_its_terms():
    rivals = alike().replace(testing_cost=(0.5, 0.5), effort_rivalry=0.2)
    names = [spec["name"] for spec in coordination_network.charts(rivals)]
    assert "tornado" in names
    assert not {"tornado-gain", "tornado-cost-share", "tornado-k1", "tornado-k2"} & {*names}


def test_what_is_no_game_any_more_has_no_bar():
    """Cross effects of 0.95 leave a game; 10 % more, 1.045, do not: buyers would come from nowhere."""
    near = alike().replace(cross_price_effect=((0, 1, 0.95), (1, 0, 0.95)))
    assert coordination_network.changed(near, "cross_price_effect", None, 1.1) is None
    assert all(np.isnan(value) for value in coordination_network.quantities(None).values())
    assert coordination_network.changed(near, "cross_price_effect", None, 0.9).cross_price_effect[0][2] == 0.855


def test_where_a_constraint_binds_the_page_says_so():
    """Nobody buys at w = 40 > a = 30."""
    bound = alike().replace(wholesale_price=(40, 40))
    assert coordination_network.charts(bound) == []
    assert "a constraint binds" in coordination_network.section(bound).blocks[0]


def test_many_regions_are_counted_and_not_drawn(monkeypatch):
    monkeypatch.setattr(coordination_network, "MOST_OWN", 9)
    found = coordination_network.section(alike())  # five lists of two, of which all are other than zero
    assert any("The 10 parameters of single regions" in block for block in found.blocks)
    assert "members" not in {spec["name"] for spec in coordination_network.charts(alike())}


def test_map_has_its_scale(plan):
    """Aston to Bray, by the spherical law of cosines on a sphere of 6,371 km, is as long on the map."""
    content = network_map.plan_map(plan)
    aston, bray = (content["sites"].index(name) for name in ("Aston", "Bray"))
    drawn = math.hypot(content["x"][aston] - content["x"][bray], content["y"][aston] - content["y"][bray])
    north, east, other, beyond = (math.radians(degrees) for degrees in (45.2, 5.7, 46.1, 6.2))
    cosine = math.sin(north) * math.sin(other) + math.cos(north) * math.cos(other) * math.cos(east - beyond)
    assert drawn * content["km"] == pytest.approx(6371 * math.acos(cosine), rel=0.02)


def test_figures_of_plans_have_their_units(plan, other_plan):
    names = [row[0] for row in network_comparison.figures([plan, other_plan]).rows]
    assert {"Net present cost (EUR)", "Collected (t)", "Emitted (t CO₂e)", "Net cost per tonne collected (EUR/t)"} <= {
        *names
    }
    assert not any(name.endswith(" t") for name in names)


def test_every_city_has_its_cost(plan):
    table = network_service.cities(plan)
    assert sorted(row[0] for row in table.rows) == sorted(plan.table("cities")["site"])
