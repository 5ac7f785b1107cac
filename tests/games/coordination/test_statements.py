"""The coordination paper's statements: which hold by number, and the same printed formulas by algebra."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from batteryopt.games.coordination.data.generator import random_instance
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.judge.pareto import pareto_region
from batteryopt.games.coordination.paper import margins
from batteryopt.games.coordination.paper import printed_formulas as printed
from batteryopt.games.coordination.paper.statements import CASES, SECOND_CASE, STATEMENTS
from batteryopt.games.coordination.solution import Model

NAMES = ("a", "w", "w_t", "c_t", "f", "theta", "b", "omega", "beta", "m")
G = Parameters(**dict(zip(NAMES, sp.symbols(" ".join(NAMES), positive=True), strict=True)))
p, e_r, e_t, x, K_1, K_2 = sp.symbols("p e_r e_t x K_1 K_2", real=True)
AT = (p, e_r, e_t)
FAILING = {
    ("Prop. 3", "service and effort apart cannot both be those of the one owner"),
    ("Prop. 4", "e_t as printed is the enterprise's best answer under the contract"),
    ("Prop. 5", "with w = 0 and x as (11) prints it the contract reaches the decisions of the one owner"),
    ("Abstract, and (14)", "lump sums as in (14) exist wherever the contract coordinates"),
    ("Conclusion 2", "service and effort are higher with one owner than apart, whatever the transfer price"),
    ("Conclusion 2", "the manufacturer captures a part of what sales effort earns"),
}


def zero(expression) -> bool:
    return sp.simplify(sp.expand(expression)) == 0


# --- by number --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: f"{s.place}: {s.words}")
def test_each_statement_holds_or_says_why_not(statement):
    tried = statement.tried(CASES)
    assert tried.holds == ((statement.place, statement.words) not in FAILING)
    assert bool(statement.why) == (not tried.holds) == bool(tried.why)


def test_every_failing_statement_is_on_the_list():
    assert {(s.place, s.words) for s in STATEMENTS} >= FAILING


@pytest.mark.parametrize("seed", range(8))
def test_what_holds_holds_at_other_instances(seed):
    """Of random games with a contract; what is said of (14) needs lump sums that are not negative to exist there."""
    instance = random_instance(seed).replace(production_cost=0.0)
    solve(instance, Model.CONTRACT)  # raises where none coordinates
    g = Parameters.of(instance)
    least_1, least_2, most = margins.least_sums(g)
    for statement in STATEMENTS:
        if (statement.place, statement.words) in FAILING:
            continue
        if statement.place == "Prop. 6" and most <= max(least_1, 0) + max(least_2, 0):
            continue
        assert statement.margin(g) > 0, statement.words


def test_margins_by_hand():
    """Table 2: theta beta = 0.42, so -H is (2) and [[1.3528, -0.42], [-0.42, 1]]; apart, demand is 10 and not 15.

    The chain loses 15^2 - 20 * 10 = 25 on vehicles, and on batteries 1.1764/2 times the square of the difference of the
    services, which is 0 at the m of Prop. 3's proof.
    """
    margin = {(s.place, s.words): s.margin(CASES[0]) for s in STATEMENTS}
    mean, half = (1.3528 + 1) / 2, (1.3528 - 1) / 2
    least = mean - (half**2 + 0.42**2) ** 0.5
    assert margin["Prop. 1(1)", STATEMENTS[0].words] == pytest.approx(least, rel=1e-9)
    assert margin["Prop. 3", "apart, the chain is not coordinated"] == pytest.approx(25, rel=1e-9)


def test_the_game_in_which_no_lump_sums_of_14_exist():
    """G is 3/4 of what coordinates and w is 1/1000 of its own: the region is there, and needs a negative K_1."""
    g = CASES[1]
    w_t = float((0.75 * printed.best(g)[1] / g.beta - g.f * (1 - g.theta)) / g.theta)
    poor = SECOND_CASE.replace(transfer_price=w_t, wholesale_price=1e-3 * SECOND_CASE.wholesale_price)
    contract, before = solve(poor, Model.CONTRACT), solve(poor, Model.DECENTRALIZED)
    region = pareto_region(contract=contract.profits, before=before.profits)
    assert region is not None
    assert region.with_non_negative_sums().is_empty
    assert region.nash_bargaining[0] < 0


def test_where_the_transfer_price_exceeds_the_worth_of_a_battery_the_one_owner_serves_less():
    dear = SECOND_CASE.replace(transfer_price=21.0)  # H = m - c_t - w_t = 0.2 is left to the enterprise
    one_owner, led = solve(dear, Model.CENTRALIZED), solve(dear, Model.DECENTRALIZED)
    assert one_owner.recycling_service < led.recycling_service
    assert one_owner.sales_effort < led.sales_effort


# --- by algebra -------------------------------------------------------------------------------------------------------


def test_proposition_1_by_algebra():
    profit = printed.chain(G, AT)
    slopes = [sp.diff(profit, variable) for variable in AT]
    assert all(zero(one - other) for one, other in zip(slopes, printed.chain_slopes(G, AT), strict=True))
    matrix = sp.hessian(profit, AT)
    assert all(zero(entry) for entry in matrix - sp.Matrix(printed.hessian(G)))
    for size, minor in zip((1, 2, 3), printed.minors(G), strict=True):
        assert zero(matrix[:size, :size].det() - minor)
        assert ((-1) ** size * sp.expand(minor)).is_positive  # concave for every beta and theta
    (found,) = sp.solve(slopes, AT, dict=True)
    assert all(zero(found[variable] - value) for variable, value in zip(AT, printed.best(G), strict=True))


def test_proposition_2_by_algebra():
    retail = sp.solve(sp.diff(printed.retailer(G, AT, G.w), p), p)[0]
    effort = sp.solve(sp.diff(printed.enterprise(G, AT), e_t), e_t)[0]
    led = printed.manufacturer(G, (retail, e_r, effort), G.w)
    service = sp.solve(sp.diff(led, e_r), e_r)[0]
    assert sp.diff(led, e_r, 2) == -1  # the one maximum
    found = retail, service, effort.subs(e_r, service)
    assert all(zero(one - other) for one, other in zip(found, printed.apart(G), strict=True))
    members = printed.manufacturer(G, found, G.w), printed.retailer(G, found, G.w), printed.enterprise(G, found)
    assert all(zero(a - b) for a, b in zip([*members, sum(members)], printed.profits_apart(G), strict=True))


def test_propositions_3_and_4_by_algebra():
    meeting = replace(G, m=printed.meeting_market(G))
    (price, *levels), (price_apart, *levels_apart) = printed.best(meeting), printed.apart(meeting)
    assert all(zero(one - other) for one, other in zip(levels, levels_apart, strict=True))
    assert not zero(printed.effort_gap(G))  # what the paper prints for the second of them
    assert zero(price_apart - price - G.w / 2)  # not coordinated all the same
    retail, service, effort = printed.under_contract(G, G.w, x)
    assert zero(sp.diff(printed.retailer(G, AT, G.w), p).subs(p, retail))
    assert zero(sp.diff(printed.manufacturer(G, AT, G.w, x), e_r).subs(e_r, service))
    right = G.theta * printed.returns(G, service)
    assert zero(sp.diff(printed.enterprise(G, AT, x), e_t).subs({e_t: right}).subs(e_r, service))
    assert not zero(effort - right)
    corrected = effort.subs(G.w, G.omega)
    gap = G.theta * G.beta * (G.f * (1 - G.theta) + G.theta * G.w_t) / (1 - x)  # beta^2 for beta, and omega for w
    assert zero(right - corrected - (G.beta - 1) * gap)
    members = printed.manufacturer(G, AT, G.w, x) + printed.retailer(G, AT, G.w) + printed.enterprise(G, AT, x)
    assert zero(members - printed.chain_under_contract(G, AT))
    assert zero(members - printed.chain(G, AT))


def test_proposition_5_by_algebra():
    best, own = printed.best(G), printed.apart(G)[1]
    right = 1 - own / best[1]
    assert zero(sp.together(printed.share(G) - (1 + own / best[1])))
    reached = printed.under_contract(G, sp.Integer(0), right)
    assert zero(reached[0] - best[0])
    assert zero(sp.together(reached[1] - best[1]))
    assert zero(sp.together(G.theta * printed.returns(G, reached[1]) - best[2]))
    A, B = printed.parts(G, AT, sp.Integer(0), x)
    whole = printed.chain(G, AT)
    assert zero(sp.together(A * whole - printed.manufacturer(G, AT, sp.Integer(0), x)))
    assert zero(sp.together(B * whole - printed.retailer(G, AT, sp.Integer(0))))
    assert zero(sp.together((1 - A - B) * whole - printed.enterprise(G, AT, x)))


def test_proposition_6_by_algebra():
    """(14)'s ends are where M, T and R gain nothing, and the region without K >= 0 has the legs of the chain's gain.

    That gain is positive for w > 0: w^2/4 on vehicles, and on batteries (1 + beta^2 theta^2)/2 times the square of
    the difference of the services.
    """
    best, apart = printed.best(G), printed.apart(G)
    share = 1 - apart[1] / best[1]
    zero_w = sp.Integer(0)
    alone = printed.profits_apart(G)
    gains = (
        printed.manufacturer(G, best, zero_w, share) + K_1 - alone[0],
        printed.retailer(G, best, zero_w) - K_1 - K_2 - alone[1],
        printed.enterprise(G, best, share) + K_2 - alone[2],
    )
    difference = best[1] - apart[1]
    bend = 1 + G.beta**2 * G.theta**2
    assert zero(sp.together(sum(gains) - (G.w**2 / 4 + bend * difference**2 / 2)))
    # The least K_1 and K_2, and the largest sum, in terms that show their signs:
    assert zero(sp.together(gains[0] - K_1 + G.w * (G.a - G.w) / 2 - apart[1] * difference / 2))
    assert zero(sp.together(gains[2] - K_2 - difference / 2 * (bend * difference - apart[1])))
    assert zero(gains[1] + K_1 + K_2 - G.w * (2 * G.a - G.w) / 4)


def test_the_conclusions_by_algebra():
    """e_r^A - e_r^B falls with w_t and is negative at w_t = m - c_t; sales effort earns the manufacturer nothing."""
    difference = printed.best(G)[1] - printed.apart(G)[1]
    assert zero(sp.diff(difference, G.w_t) + G.beta * G.theta)
    at_worth = sp.together(difference.subs(G.w_t, G.m - G.c_t))
    bend = 1 + G.beta**2 * G.theta**2
    lost = G.beta * G.theta**2 * (G.b + G.omega + G.beta**2 * (G.f * (1 - G.theta) + G.theta * (G.m - G.c_t)))
    assert zero(at_worth + lost / bend)
    assert sp.diff(printed.manufacturer(G, AT, G.w), e_t) == 0
