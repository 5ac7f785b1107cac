"""Every equation of the model has one of its rows here, its coefficients derived from the data of `everything`.

The gate at the end fails when the model has a family of rows that is not in the table.
"""

from __future__ import annotations

import dataclasses
import math

import pytest

from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.formulation_arrays import column_names
from tests.network.everything import everything

INF = math.inf

ROWS: dict[str, tuple[dict[str, float], float, float]] = {
    # ---- sizes: Ash has a small outlet already (1 stands before the first period)
    "size_changes_by_steps[Ash,outlet,small,1]": (
        {"is_open[Ash,outlet,small,1]": 1, "raised[Ash,outlet,small,1]": -1, "closed[Ash,outlet,small,1]": 1},
        1,
        1,
    ),
    "size_changes_by_steps[Cedar,plant,M,2]": (
        {"is_open[Cedar,plant,M,2]": 1, "is_open[Cedar,plant,M,1]": -1, "raised[Cedar,plant,M,2]": -1},
        0,
        0,
    ),
    # the plant in Birch has 30 t: all of S (20) and half of the step of M (20 more)
    "size_changes_by_steps[Birch,plant,M,1]": (
        {"is_open[Birch,plant,M,1]": 1, "raised[Birch,plant,M,1]": -1},
        0.5,
        0.5,
    ),
    "larger_needs_smaller[Birch,outlet,large,3]": (
        {"is_open[Birch,outlet,large,3]": 1, "is_open[Birch,outlet,small,3]": -1},
        -INF,
        0,
    ),
    "full_step_is_there[Birch,plant,M,2]": ({"is_full[Birch,plant,M,2]": 1, "is_open[Birch,plant,M,2]": -1}, -INF, 0),
    "next_step_needs_a_full_one[Birch,plant,M,2]": (
        {"is_open[Birch,plant,L,2]": 1, "is_full[Birch,plant,M,2]": -1},
        -INF,
        0,
    ),
    # ---- closing
    "closes_what_stands[Ash,outlet,small,2]": (
        {"closed[Ash,outlet,small,2]": 1, "is_open[Ash,outlet,small,1]": -1},
        -INF,
        0,
    ),
    "closed_is_not_open[Ash,outlet,large,2]": (
        {"closed[Ash,outlet,large,2]": 1, "is_open[Ash,outlet,large,2]": 1},
        -INF,
        1,
    ),
    "closes_as_a_whole[Ash,outlet,large,2]": (
        {"closed[Ash,outlet,large,2]": 1, "closed[Ash,outlet,small,2]": -1},
        -INF,
        0,
    ),
    "opens_once[Birch,outlet,small]": ({f"raised[Birch,outlet,small,{t}]": 1 for t in (1, 2, 3)}, -INF, 1),
    "kept_was_raised[Birch,outlet,large,2]": (
        {"kept[Birch,outlet,large,2]": 1, "raised[Birch,outlet,large,2]": -1},
        -INF,
        0,
    ),
    "kept_stands_at_the_end[Birch,outlet,large]": (
        {**{f"kept[Birch,outlet,large,{t}]": 1 for t in (1, 2, 3)}, "is_open[Birch,outlet,large,3]": -1},
        -INF,
        0,
    ),
    # ---- processing: at Ash no more than 20 + 10 + 5 returns and 1 in stock can arrive in period 1, so that the large
    # outlet (60) is worth 36 there, 11 more than the small one (25)
    "capacity_is_kept[Ash,outlet,1]": (
        {"processed[Ash,outlet,check,1]": 1, "is_open[Ash,outlet,small,1]": -25, "is_open[Ash,outlet,large,1]": -11},
        -INF,
        0,
    ),
    # sizes between levels keep their whole steps 20, 20, 40; a tonne by the direct recipe takes 2 of capacity
    "capacity_is_kept[Cedar,plant,3]": (
        {
            "processed[Cedar,plant,leach,3]": 1,
            "processed[Cedar,plant,direct,3]": 2,
            "is_open[Cedar,plant,S,3]": -20,
            "is_open[Cedar,plant,M,3]": -20,
            "is_open[Cedar,plant,L,3]": -40,
        },
        -INF,
        0,
    ),
    # half a tonne of pack goes into a tonne of the direct recipe; of packs S takes 6 t, M 12, L 20
    "product_capacity_is_kept[Cedar,plant,pack,3]": (
        {
            "processed[Cedar,plant,direct,3]": 0.5,
            "is_open[Cedar,plant,S,3]": -6,
            "is_open[Cedar,plant,M,3]": -6,
            "is_open[Cedar,plant,L,3]": -8,
        },
        -INF,
        0,
    ),
    # 36 t of packs make at most 0.9 x 36 = 32.4 t checked for leaching; the direct recipe takes at most 80 / 2 t
    "processing_needs_a_facility[Birch,plant,1]": (
        {
            "processed[Birch,plant,leach,1]": 1,
            "processed[Birch,plant,direct,1]": 2,
            "is_open[Birch,plant,S,1]": -(32.4 + 2 * 40),
        },
        -INF,
        0,
    ),
    "least_throughput_is_reached[Birch,outlet,2]": (
        {"processed[Birch,outlet,check,2]": 1, "is_open[Birch,outlet,large,2]": -5},
        0,
        INF,
    ),
    "every_tonne_has_a_level[Birch,outlet,2]": (
        {
            "at_level[Birch,outlet,small,2]": 1,
            "at_level[Birch,outlet,large,2]": 1,
            "processed[Birch,outlet,check,2]": -1,
        },
        0,
        0,
    ),
    "level_is_the_one_that_stands[Birch,outlet,small,2]": (
        {
            "at_level[Birch,outlet,small,2]": 1,
            "is_open[Birch,outlet,small,2]": -25,
            "is_open[Birch,outlet,large,2]": 25,
        },
        -INF,
        0,
    ),
    # ---- transport: the round carries 4 t a trip; a lorry 10 t, so that a tonne is a tenth of a trip
    "trips_carry_the_load[Ash,Birch,round,2]": (
        {"shipped[Ash,Birch,round,pack,2]": 1, "trips[Ash,Birch,round,2]": -4},
        -INF,
        0,
    ),
    # 30 t and what was in stock need ten rounds, the vehicles of Birch have time for nine; outlet and plant use packs
    "rounds_end_at_a_depot[Ash,Birch,round,2]": (
        {"trips[Ash,Birch,round,2]": 1, "is_open[Birch,outlet,small,2]": -9, "is_open[Birch,plant,S,2]": -9},
        -INF,
        0,
    ),
    # what Cedar has (5 t, and 0.8 of the 6 t that its market bought in period 1) goes to Ash, to Birch, or stays: then
    # what is taken there may be more than what others send, which is Birch alone
    "one_destination[Cedar,pack,2]": (
        {"goes_to[Cedar,Ash,pack,2]": 1, "goes_to[Cedar,Birch,pack,2]": 1, "stays[Cedar,pack,2]": 1},
        -INF,
        1,
    ),
    "goes_only_there[Cedar,Birch,pack,2]": (
        {"shipped[Cedar,Birch,lorry,pack,2]": 1, "goes_to[Cedar,Birch,pack,2]": -9.8},
        -INF,
        0,
    ),
    "is_taken_here_only_if_it_stays[Cedar,pack,2]": (
        {
            "processed[Cedar,outlet,check,2]": 1,
            "processed[Cedar,plant,direct,2]": 0.5,
            "processed[Cedar,shredder,shred,2]": 1,
            "shipped[Birch,Cedar,lorry,pack,2]": -1,
            "stays[Cedar,pack,2]": -9.8,
        },
        -INF,
        0,
    ),
    # the round takes what Ash has (30 t, and 8 t in stock before, which is what a large outlet may store) to one depot
    "one_destination_by_mode[Ash,round,pack,2]": ({"goes_to_by_mode[Ash,Birch,round,pack,2]": 1}, -INF, 1),
    "goes_only_there_by_mode[Ash,Birch,round,pack,2]": (
        {"shipped[Ash,Birch,round,pack,2]": 1, "goes_to_by_mode[Ash,Birch,round,pack,2]": -38},
        -INF,
        0,
    ),
    "lanes_are_wide_enough[Ash,Birch,any,2]": (
        {
            "shipped[Ash,Birch,lorry,pack,2]": 1,
            "shipped[Ash,Birch,lorry,checked,2]": 1,
            "shipped[Ash,Birch,round,pack,2]": 1,
        },
        -INF,
        25,
    ),
    # from Ash no lane leads to Cedar; to Docks only black mass goes, which Ash does not make
    "depots_have_the_vehicles[Docks,lorry,3]": (
        {"shipped[Birch,Docks,lorry,mass,3]": 0.1, "shipped[Cedar,Docks,lorry,mass,3]": 0.1},
        -INF,
        20,
    ),
    # ---- ends
    "markets_get_their_least[Docks,mass,2]": ({"sold[Docks,mass,2]": 1, "missing_at_market[Docks,mass,2]": 1}, 4, INF),
    "disposal_needs_a_facility[Ash,checked,outlet,3]": (
        {"disposed[Ash,checked,outlet,3]": 1, "is_open[Ash,outlet,small,3]": -4},
        -INF,
        0,
    ),
    # ---- balances: 20 t return in Ash, and 1 t is in stock
    "every_node_is_in_balance[Ash,pack,1]": (
        {
            "shipped[Birch,Ash,lorry,pack,1]": 1,
            "shipped[Cedar,Ash,lorry,pack,1]": 1,
            "shipped[Birch,Ash,round,pack,1]": 1,
            "shipped[Ash,Birch,lorry,pack,1]": -1,
            "shipped[Ash,Birch,round,pack,1]": -1,
            "processed[Ash,outlet,check,1]": -1,
            "uncollected[Ash,pack,1]": -1,
            "stock[Ash,outlet,pack,1]": -1,
        },
        -21,
        -21,
    ),
    # a tonne of packs makes 0.9 t checked; the plant takes 1 t by leaching, 0.5 t by the direct recipe
    "every_node_is_in_balance[Birch,checked,2]": (
        {
            "shipped[Ash,Birch,lorry,checked,2]": 1,
            "shipped[Cedar,Birch,lorry,checked,2]": 1,
            "shipped[Birch,Ash,lorry,checked,2]": -1,
            "shipped[Birch,Cedar,lorry,checked,2]": -1,
            "processed[Birch,outlet,check,2]": 0.9,
            "processed[Birch,plant,leach,2]": -1,
            "processed[Birch,plant,direct,2]": -0.5,
            "stock[Birch,outlet,checked,1]": 1,
            "stock[Birch,outlet,checked,2]": -1,
        },
        0,
        0,
    ),
    # 0.8 of the checked packs sold in Cedar in period 1 come back as packs in period 2, beside 5 t of returns
    "what_is_sent_is_own[Cedar,pack,2]": (
        {
            "shipped[Cedar,Ash,lorry,pack,2]": 1,
            "shipped[Cedar,Birch,lorry,pack,2]": 1,
            "uncollected[Cedar,pack,2]": 1,
            "sold[Cedar,checked,1]": -0.8,
        },
        -INF,
        5,
    ),
    # 5 t of returns, and what came back
    "only_what_returned_is_left[Cedar,pack,2]": (
        {"uncollected[Cedar,pack,2]": 1, "sold[Cedar,checked,1]": -0.8},
        -INF,
        5,
    ),
    # ---- stock
    "stock_needs_a_facility[Birch,outlet,checked,1]": (
        {"stock[Birch,outlet,checked,1]": 1, "is_open[Birch,outlet,small,1]": -6},
        -INF,
        0,
    ),
    "store_is_large_enough[Ash,outlet,2]": (
        {
            "stock[Ash,outlet,checked,2]": 1,
            "stock[Ash,outlet,pack,2]": 1,
            "is_open[Ash,outlet,small,2]": -3,
            "is_open[Ash,outlet,large,2]": -5,
        },
        -INF,
        0,
    ),
    # packs may stay two periods: what is there at the end of the first has left in the second or the third
    "nothing_stays_too_long[Ash,pack,2,1]": (
        {
            "stock[Ash,outlet,pack,1]": 1,
            **{f"shipped[Ash,Birch,lorry,pack,{t}]": -1 for t in (2, 3)},
            **{f"shipped[Ash,Birch,round,pack,{t}]": -1 for t in (2, 3)},
            **{f"processed[Ash,outlet,check,{t}]": -1 for t in (2, 3)},
        },
        -INF,
        0,
    ),
    # ---- service: of 30 + 10 + 5 t, and what comes back in Cedar (0.8 of what was sold), 0.6 must be collected:
    # uncollected <= 0.4 x (45 + 0.8 sold) + short, that is short - uncollected + 0.32 sold >= 27 - 45
    "enough_is_collected[half,all,2]": (
        {
            "short_of_collection[half,all,2]": 1,
            "uncollected[Ash,pack,2]": -1,
            "uncollected[Birch,pack,2]": -1,
            "uncollected[Cedar,pack,2]": -1,
            "sold[Cedar,checked,1]": 0.32,
        },
        27 - 45,
        INF,
    ),
    "enough_is_collected[fair,Birch,3]": ({"uncollected[Birch,pack,3]": -1}, 0.2 * 20 - 20, INF),
    # within 35 km of Ash by road: Ash itself and Birch (30 km); two visits cover, so that one covers half
    "covered_has_service_near[near,Ash,2]": (
        {
            "is_covered[near,Ash,2]": 1,
            "is_open[Ash,outlet,small,2]": -1,
            "is_open[Birch,outlet,small,2]": -1,
            "trips[Ash,Birch,round,2]": -0.5,
        },
        -INF,
        0,
    ),
    "enough_is_covered[near,all,2]": (
        {"is_covered[near,Ash,2]": 30, "is_covered[near,Birch,2]": 10, "is_covered[near,Cedar,2]": 5},
        0.8 * 45,
        INF,
    ),
    "enough_is_covered[all,Birch,3]": ({"is_covered[all,Birch,3]": 20, "short_of_coverage[all,Birch,3]": 1}, 20, INF),
    # ---- policy
    "limits_are_reached[work,all,1]": (
        {
            **{f"processed[{site},outlet,check,1]": 1 for site in ("Ash", "Birch", "Cedar")},
            **{f"processed[{site},plant,direct,1]": 0.5 for site in ("Birch", "Cedar")},
            "processed[Cedar,shredder,shred,1]": 1,
            "short_of_limit[work,all,1]": 1,
        },
        10,
        INF,
    ),
    # collected in the west = 30 returned there in period 1 - uncollected >= 12
    "limits_are_reached[got,all,1]": ({"uncollected[Ash,pack,1]": -1, "uncollected[Birch,pack,1]": -1}, 12 - 30, INF),
    "limits_are_kept[few,all,3]": ({"is_open[Ash,outlet,small,3]": 1, "is_open[Birch,outlet,small,3]": 1}, -INF, 2),
    "limits_are_kept[room,Cedar,2]": (
        {
            "is_open[Cedar,plant,S,2]": 20,
            "is_open[Cedar,plant,M,2]": 20,
            "is_open[Cedar,plant,L,2]": 40,
            "beyond_limit[room,Cedar,2]": -1,
        },
        -INF,
        70,
    ),
    "limits_are_kept[sent,all,all]": (
        {f"shipped[{way},round,pack,{t}]": 1 for way in ("Ash,Birch", "Birch,Ash") for t in (1, 2, 3)},
        -INF,
        30,
    ),
    # the budgets 400 and 300 are for both periods together; what was borrowed in the first is not borrowed again
    "budget_is_kept[2]": (
        {
            **{f"raised[Ash,outlet,small,{t}]": 100 for t in (1, 2)},
            **{f"raised[Ash,outlet,large,{t}]": 180 - 100 for t in (1, 2)},
            **{f"raised[Birch,outlet,small,{t}]": 1.5 * 100 for t in (1, 2)},
            **{f"raised[Birch,outlet,large,{t}]": 1.5 * 80 for t in (1, 2)},
            **{f"raised[Cedar,outlet,small,{t}]": 100 for t in (1, 2)},
            **{f"raised[{site},plant,S,{t}]": 300 for site in ("Birch", "Cedar") for t in (1, 2)},
            **{f"raised[{site},plant,M,{t}]": 200 for site in ("Birch", "Cedar") for t in (1, 2)},
            **{f"raised[{site},plant,L,{t}]": 300 for site in ("Birch", "Cedar") for t in (1, 2)},
            **{f"raised[Cedar,shredder,one,{t}]": 120 for t in (1, 2)},
            **{f"beyond_budget[{t}]": -1 for t in (1, 2)},
        },
        -INF,
        700,
    ),
    # 4 a tonne collected: of 35 t returned in period 1, less what is not collected
    "subsidy_is_due[pot,1]": (
        {"subsidy_paid[pot,1]": 1, **{f"uncollected[{site},pack,1]": 4 for site in ("Ash", "Birch", "Cedar")}},
        -INF,
        4 * 35,
    ),
    # ---- cuts: Ash can have 20 + 1 t in period 1; in Birch the outlet and the plant (direct recipe) take packs
    "what_is_sent_needs_a_taker[Ash,Birch,pack,1]": (
        {
            "shipped[Ash,Birch,lorry,pack,1]": 1,
            "shipped[Ash,Birch,round,pack,1]": 1,
            "is_open[Birch,outlet,small,1]": -21,
            "is_open[Birch,plant,S,1]": -21,
        },
        -INF,
        0,
    ),
    "what_is_kept_needs_a_taker[Ash,pack,2]": (
        {
            "shipped[Ash,Birch,lorry,pack,2]": 1,
            "shipped[Ash,Birch,round,pack,2]": 1,
            "uncollected[Ash,pack,2]": 1,
            "is_open[Ash,outlet,small,2]": 30,
        },
        30,
        INF,
    ),
    # 5 t return in Cedar, and 0.8 of the 6 t come back that its market buys at most: 9.8 t of its own
    "what_is_made_needs_a_taker[Cedar,pack,2]": (
        {
            "sold[Cedar,checked,1]": 0.8,
            "shipped[Cedar,Ash,lorry,pack,2]": -1,
            "shipped[Cedar,Birch,lorry,pack,2]": -1,
            "uncollected[Cedar,pack,2]": -1,
            "is_open[Cedar,outlet,small,2]": -9.8,
            "is_open[Cedar,plant,S,2]": -9.8,
            "is_open[Cedar,shredder,one,2]": -9.8,
        },
        -INF,
        -5,
    ),
    # its outlet checks at most the 5 t of Cedar and the 10 t of Birch (Ash may not send), 0.9 t of each tonne
    "what_is_made_needs_a_taker[Cedar,checked,1]": (
        {
            "processed[Cedar,outlet,check,1]": 0.9,
            "shipped[Cedar,Ash,lorry,checked,1]": -1,
            "shipped[Cedar,Birch,lorry,checked,1]": -1,
            "sold[Cedar,checked,1]": -1,
            "is_open[Cedar,outlet,small,1]": -13.5,
            "is_open[Cedar,plant,S,1]": -13.5,
        },
        -INF,
        0,
    ),
    # 30 + 10 + 5 t return, and 0.8 of the 6 t come back that Cedar's market buys at most: 24.8 t beyond the small 25 t
    "fresh_mass_needs_a_size[Birch,outlet,large,2]": (
        {
            "processed[Birch,outlet,check,2]": 1,
            "is_open[Birch,outlet,small,2]": -25,
            "is_open[Birch,outlet,large,2]": -24.8,
            "stock[Ash,outlet,pack,1]": -1,
        },
        -INF,
        0,
    ),
    # Ash and Birch have 60 t: three small outlets, a large one, or two and 10 t that go another way (a 30th a tonne);
    # the direct recipe takes half a tonne of packs
    "whole_sizes_cover_the_need[outlet,region 1,3,1]": (
        {
            "is_open[Ash,outlet,small,3]": 1 / 3,
            "is_open[Ash,outlet,large,3]": 2 / 3,
            "is_open[Birch,outlet,small,3]": 1 / 3,
            "is_open[Birch,outlet,large,3]": 2 / 3,
            "uncollected[Ash,pack,3]": 1 / 30,
            "uncollected[Birch,pack,3]": 1 / 30,
            "stock[Ash,outlet,pack,3]": 1 / 30,
            "processed[Birch,plant,direct,3]": 0.5 / 30,
            "shipped[Birch,Cedar,lorry,pack,3]": 1 / 30,
        },
        1,
        INF,
    ),
}

ELSEWHERE = {
    "emissions_are_capped": "test_emissions_of_a_period",
    "twins_open_in_order": "test_search.py",
    "what_one_recipe_sends_needs_a_taker": "test_links.py",
    "what_one_recipe_keeps_needs_a_taker": "test_links.py",
    "shrinks_where_it_stands": "test_rows_of_what_shrinks",
    "kept_of_what_shrinks_stands": "test_rows_of_what_shrinks",
    "burden_is_kept": "test_rows_of_what_shrinks",
}
"""Families whose rows are tested by a function of their own."""


@pytest.fixture(scope="module")
def model():
    m = build(everything())
    return m, rows_of(m)


def rows_of(m):
    columns = column_names(m)
    rows = {}
    for family in m.rows.values():
        for position, name in enumerate(m.names_of(family)):
            mine = family.row == position
            entries: dict[str, float] = {}
            for column, value in zip(family.variable[mine], family.coefficient[mine], strict=True):
                entries[columns[column]] = entries.get(columns[column], 0.0) + float(value)
            rows[name] = (entries, float(family.lower[position]), float(family.upper[position]))
    return rows


@pytest.mark.parametrize("name", ROWS)
def test_coefficients(model, name):
    _, rows = model
    entries, lower, upper = rows[name]
    expected, expected_lower, expected_upper = ROWS[name]
    assert entries == pytest.approx(expected)
    assert (lower, upper) == pytest.approx((expected_lower, expected_upper))


def test_emissions_of_a_period(model):
    """One term of each source; 1000 kg are a tonne."""
    _, rows = model
    entries, lower, upper = rows["emissions_are_capped[2]"]
    assert (lower, upper) == (-INF, 3)
    assert entries["is_open[Ash,outlet,small,2]"] == pytest.approx(0.5)  # 500 kg a period
    assert entries["is_open[Ash,outlet,large,2]"] == pytest.approx(-0.5)  # the large one emits nothing
    assert entries["processed[Birch,outlet,check,2]"] == pytest.approx(0.004)  # 10 kWh x 0.4 kg
    assert entries["processed[Cedar,plant,leach,2]"] == pytest.approx(0.030)
    # 30 km: 0.1 kg a t-km, and a tenth of a trip of 0.3 kg a km
    assert entries["shipped[Ash,Birch,lorry,pack,2]"] == pytest.approx(30 * (0.1 + 0.03) / 1000)
    assert entries["shipped[Birch,Docks,lorry,mass,2]"] == pytest.approx(40 * (0.05 + 0.03) / 1000)
    assert entries["sold[Docks,mass,2]"] == pytest.approx(-0.1)
    assert entries["disposed[Ash,checked,outlet,2]"] == pytest.approx(0.007)
    assert entries["beyond_emission_cap[2]"] == -1
    assert rows["emissions_are_capped[all]"][2] == 9


def test_rows_of_what_shrinks():
    """Plants that may close and shrink for a refund, and whose opening earns money: what is kept has either sign."""
    base = everything()
    outlet, plant, shredder = base.types
    small, *larger = plant.levels
    plant = dataclasses.replace(
        plant,
        levels=(dataclasses.replace(small, opening_cost=-300), *larger),
        refunds_shrinking=True,
        new_may_close=True,
    )
    rows = rows_of(build(dataclasses.replace(base, types=(outlet, plant, shredder))))
    kept, raised = "kept[Cedar,plant,M,2]", "raised[Cedar,plant,M,2]"
    now, last = "is_open[Cedar,plant,S,2]", "is_open[Cedar,plant,S,3]"
    # raised >= -1 where the plant stands, and >= 0 where it closes
    assert rows["shrinks_where_it_stands[Cedar,plant,M,2]"] == ({raised: 1, now: 1}, 0, INF)
    # where it stands at the end kept <= raised; where it does not kept <= 0, and <= raised + 1, which is never less
    assert rows["kept_was_raised[Cedar,plant,M,2]"] == ({kept: 1, raised: -1, last: 1}, -INF, 1)
    assert rows["kept_of_what_shrinks_stands[Cedar,plant,M,2]"] == ({kept: 1, last: -1}, -INF, 0)
    kept, raised = kept.replace("M", "S"), raised.replace("M", "S")
    assert rows["kept_was_raised[Cedar,plant,S,2]"] == ({kept: 1, raised: -1}, -INF, 0)
    assert rows["burden_is_kept[Cedar,plant,S,2]"] == ({kept: 1, raised: -1, last: -1}, -1, INF)


def test_every_equation_is_tested(model):
    m, _ = model
    tested = {name.split("[")[0] for name in ROWS} | set(ELSEWHERE)
    assert {name for name, rows in m.rows.items()} - tested == set()
    assert all(len(m.rows[name]) for name in m.rows if name != "twins_open_in_order")
