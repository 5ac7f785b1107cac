"""The formulas of the paper's game, against first-order conditions that SymPy solves from the profits as written."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from batteryopt.games.coordination.data.generator import Binding, binding_instance, random_instance
from batteryopt.games.coordination.formula.closed_form import (
    FORMULAS,
    Parameters,
    centralized,
    contract,
    decentralized,
    decentralized_transfer,
    decentralized_wholesale,
    lump_sums,
    solve,
)
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract
from batteryopt.ground.errors import FormulaDoesNotApply

a, w, w_t, c_t, f, theta, b, omega, beta, m, c, x, rho = sp.symbols("a w w_t c_t f theta b omega beta m c x rho")
p, e_r, e_t = sp.symbols("p e_r e_t")

# The game as the paper writes it, eqs. (1) and (5)-(10), with a production cost.
Q, Q_n = a - p, b + omega + beta * e_r
p_m = m - theta * Q_n + e_t
PI_M = (w - c) * Q + (w_t * theta + f * (1 - theta)) * Q_n - (1 - x) * e_r**2 / 2
PI_R = (p - w) * Q
PI_T = (p_m - w_t - c_t) * theta * Q_n - e_t**2 / 2 - x * e_r**2 / 2
PI_S = (p - c) * Q + (f * (1 - theta) + (p_m - c_t) * theta) * Q_n - e_r**2 / 2 - e_t**2 / 2

# Values at which the symbolic solutions are evaluated: exact fractions, so that nothing is lost there.
POINT = {
    a: Fraction(30), w: Fraction(10), w_t: Fraction(5, 2), c_t: Fraction(1, 2), f: Fraction(6, 5), m: Fraction(15),
    theta: Fraction(3, 5), b: Fraction(8), omega: Fraction(1), beta: Fraction(7, 10), c: Fraction(4), rho: Fraction(20),
}  # fmt: skip
OTHER = {**POINT, a: Fraction(81), w: Fraction(33), theta: Fraction(1, 3), beta: Fraction(6, 5), m: Fraction(25)}
POINTS = [POINT, OTHER]


def parameters(point: dict) -> Parameters:
    names = {str(symbol): float(value) for symbol, value in point.items()}
    return Parameters(**{name: value for name, value in names.items() if name != "rho"}, rho_T=names["rho"])


def followers_answers() -> dict:
    """Return p and e_t by the first-order conditions of retailer and enterprise."""
    return sp.solve([sp.diff(PI_R, p), sp.diff(PI_T, e_t)], [p, e_t], dict=True)[0]


def numbers(answer: dict, point: dict) -> dict[str, float]:
    """Return a symbolic answer and all profits at it, at a point."""
    exact = {symbol: sp.Rational(value.numerator, value.denominator) for symbol, value in point.items()}
    exact[x] = sp.sympify(answer.get(x, 0)).subs(exact)
    exact |= {symbol: sp.sympify(answer[symbol]).subs(exact) for symbol in (w, w_t) if symbol in answer}
    decisions = {symbol: sp.sympify(answer[symbol]).subs(exact) for symbol in (p, e_r, e_t)}
    profits = {"pi_M": PI_M, "pi_R": PI_R, "pi_T": PI_T, "pi_S": PI_S}
    found = {str(symbol): value for symbol, value in (decisions | {x: exact[x], w: exact[w], w_t: exact[w_t]}).items()}
    found |= {name: profit.subs(decisions).subs(exact) for name, profit in profits.items()}
    return {name: float(value) for name, value in found.items()}


def assert_same(found, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-12, abs=1e-12), name


@pytest.mark.parametrize("point", POINTS)
def test_centralised_maximises_the_chain_s_profit(point):
    answer = sp.solve([sp.diff(PI_S, z) for z in (p, e_r, e_t)], [p, e_r, e_t], dict=True)[0]
    assert_same(centralized(parameters(point)), numbers(answer, point))


def test_the_chain_s_profit_is_concave_with_the_minors_of_the_derivation():
    hessian = sp.hessian(PI_S, [p, e_r, e_t])
    minors = [sp.expand(hessian[:k, :k].det()) for k in (1, 2, 3)]
    assert minors == [-2, sp.expand(2 + 4 * beta**2 * theta**2), sp.expand(-2 - 2 * beta**2 * theta**2)]


@pytest.mark.parametrize("point", POINTS)
def test_decentralised_is_the_leader_s_best_with_the_answers_substituted(point):
    answers = followers_answers()
    leading = PI_M.subs(answers).subs(x, 0)
    answer = sp.solve(sp.diff(leading, e_r), e_r, dict=True)[0]
    answer |= {symbol: value.subs(answer) for symbol, value in answers.items()}
    assert_same(decentralized(parameters(point)), numbers(answer, point))


@pytest.mark.parametrize("point", POINTS)
def test_the_wholesale_price_as_a_decision(point):
    answers = followers_answers()
    leading = PI_M.subs(answers).subs(x, 0)
    answer = sp.solve([sp.diff(leading, z) for z in (e_r, w)], [e_r, w], dict=True)[0]
    answer |= {symbol: value.subs(answer) for symbol, value in answers.items()}
    assert sp.simplify(answer[w] - (a + c) / 2) == 0
    assert_same(decentralized_wholesale(parameters(point)), numbers(answer, point))


@pytest.mark.parametrize("point", POINTS)
def test_the_transfer_price_as_a_decision_leaves_the_enterprise_its_reservation_profit(point):
    """Lagrange conditions of max PI_M over (e_r, w_t) subject to PI_T >= rho, the answers substituted."""
    answers, multiplier = followers_answers(), sp.symbols("multiplier")
    leading, following = PI_M.subs(answers).subs(x, 0), PI_T.subs(answers).subs(x, 0)
    lagrangian = leading + multiplier * (following - rho)
    exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in point.items() if s is not w_t}
    (free,) = sp.solve(sp.diff(lagrangian, w_t), multiplier)
    assert free == 1  # a unit of reservation profit costs the manufacturer a unit
    conditions = [sp.diff(lagrangian, e_r).subs(multiplier, free).subs(exact), (following - rho).subs(exact)]
    (solution,) = sp.solve(conditions, [e_r, w_t], dict=True)
    answer = solution | {symbol: value.subs(solution) for symbol, value in answers.items()}
    found = decentralized_transfer(parameters(point))
    assert_same(found, numbers(answer, point))
    assert found.pi_T == pytest.approx(float(point[rho]), rel=1e-12)
    assert found.e_r == pytest.approx(centralized(parameters(point)).e_r, rel=1e-12)


def test_without_the_reservation_profit_the_transfer_price_has_no_limit():
    leading = PI_M.subs(followers_answers()).subs(x, 0)
    assert sp.simplify(sp.diff(leading, w_t) - theta * Q_n) == 0  # more w_t is always more profit
    with pytest.raises(FormulaDoesNotApply, match="has no limit"):
        solve(TABLE_2_INSTANCE, Model.DECENTRALIZED_TRANSFER)


def test_a_capped_transfer_price():
    """Where a cap is below the price that leaves the enterprise its reservation, e_r = beta (f (1-theta) + theta cap).

    0.7 (1.2 * 0.4 + 0.6 * 4) = 2.016; a cap of 50 does not bind.
    """
    capped = TABLE_2_INSTANCE.replace(reservation_profit_echelon=20.0, transfer_price_cap=4.0)
    found = solve(capped, Model.DECENTRALIZED_TRANSFER)
    assert found.transfer_price == 4.0
    assert found.recycling_service == pytest.approx(2.016, rel=1e-12)
    loose = solve(capped.replace(transfer_price_cap=50.0), Model.DECENTRALIZED_TRANSFER)
    assert loose.profits.echelon_enterprise == pytest.approx(20.0, rel=1e-12)
    only_a_cap = solve(capped.replace(reservation_profit_echelon=None), Model.DECENTRALIZED_TRANSFER)
    assert only_a_cap.decisions() == found.decisions()


@pytest.mark.parametrize("point", POINTS)
def test_the_contract_reaches_the_centralised_decisions_and_is_the_only_one(point):
    """Players answer the terms (x, w); the terms are solved for, so that the answers are the centralised ones."""
    answers = followers_answers()
    (service,) = sp.solve(sp.diff(PI_M.subs(answers), e_r), e_r)
    best = sp.solve([sp.diff(PI_S, z) for z in (p, e_r, e_t)], [p, e_r, e_t], dict=True)[0]
    (terms,) = sp.solve([answers[p] - best[p], service - best[e_r]], [x, w], dict=True)
    assert sp.simplify(terms[w] - c) == 0
    answer = {p: best[p], e_r: best[e_r], e_t: answers[e_t].subs(e_r, best[e_r]), **terms}
    assert sp.simplify(answer[e_t] - best[e_t]) == 0
    assert_same(contract(parameters(point)), numbers(answer, point))


def test_the_share_of_table_2():
    """e_r^B = 0.7 * 1.98 = 1.386; e_r^A = 0.7 (0.48 + 0.6 * 14.5 - 0.36 * 9) / (1 + 0.49 * 0.36) = 4.158 / 1.1764."""
    terms = solve(TABLE_2_INSTANCE, Model.CONTRACT).terms
    assert terms.cost_share == pytest.approx(1 - 1.386 * 1.1764 / 4.158, rel=1e-12)
    assert terms.wholesale_price == 0.0


# --- where the formulas do not apply ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("binding", "model", "words"),
    [
        (Binding.DEMAND, Model.DECENTRALIZED, "demand Q"),
        (Binding.SERVICE, Model.CENTRALIZED, "service e_r"),
        (Binding.SERVICE, Model.DECENTRALIZED, "service e_r"),
        (Binding.SERVICE, Model.DECENTRALIZED_WHOLESALE, "service e_r"),
        (Binding.SERVICE, Model.CONTRACT, "service e_r"),
        (Binding.ECHELON_PARTICIPATION, Model.DECENTRALIZED, "the echelon enterprise earns its reservation"),
        (Binding.RETAILER_PARTICIPATION, Model.DECENTRALIZED_WHOLESALE, "the retailer earns its reservation"),
        (Binding.WHOLESALE_CAP, Model.DECENTRALIZED_WHOLESALE, "within its cap"),
    ],
)
@pytest.mark.parametrize("seed", range(10))
def test_a_binding_constraint_is_named(binding, model, words, seed):
    with pytest.raises(FormulaDoesNotApply, match=words):
        solve(binding_instance(seed, binding), model)


def test_two_failing_conditions_are_both_named():
    with pytest.raises(FormulaDoesNotApply) as caught:
        solve(TABLE_2_INSTANCE.replace(wholesale_price=40.0, scrap_value=-9.0), Model.DECENTRALIZED)
    assert len(caught.value.conditions) == 2
    assert "-5" in caught.value.conditions[0]  # Q = (30 - 40) / 2


def test_without_sign_constraints_a_negative_demand_is_an_answer():
    instance = TABLE_2_INSTANCE.replace(wholesale_price=40.0, sign_constraints=False)
    assert solve(instance, Model.DECENTRALIZED).outcome.demand[0] == pytest.approx(-5)


def test_the_manufacturer_s_reservation_profit():
    with pytest.raises(FormulaDoesNotApply, match="manufacturer earns"):
        solve(TABLE_2_INSTANCE.replace(reservation_profit_manufacturer=118.79), Model.DECENTRALIZED)
    solve(TABLE_2_INSTANCE.replace(reservation_profit_manufacturer=118.78), Model.DECENTRALIZED)
    solve(TABLE_2_INSTANCE.replace(reservation_profit_manufacturer=1e6), Model.CENTRALIZED)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transfer_price": 14.0}, "must lie between 0 and 1"),  # G = 8.88 and beta G = 6.216 > e_r^A = 3.53
        ({"scrap_value": -4.0}, "gives no service by itself"),  # G = -0.1
        ({"service_response": 0.0}, "no cost to share"),
    ],
)
def test_why_no_contract_exists(changes, words):
    with pytest.raises(NoCoordinatingContract, match=words):
        solve(TABLE_2_INSTANCE.replace(**changes), Model.CONTRACT)


@pytest.mark.parametrize("seed", range(20))
def test_a_contract_exists_as_the_generator_says(seed):
    solve(random_instance(seed), Model.CONTRACT)
    with pytest.raises(NoCoordinatingContract):
        solve(random_instance(seed, contract_exists=False), Model.CONTRACT)


# --- many at once ----------------------------------------------------------------------------------------------------

FIELDS = ("p", "e_r", "e_t", "w", "w_t", "x", "pi_M", "pi_R", "pi_T", "pi_S")


def stacked(instances: list) -> Parameters:
    each = [Parameters.of(instance) for instance in instances]
    return Parameters(**{name: np.array([getattr(g, name) for g in each]) for name in vars(each[0])})


@pytest.mark.parametrize("model", list(Model))
def test_arrays_give_what_numbers_give(model):
    instances = [random_instance(seed, contract_exists=seed % 3 > 0) for seed in range(20)]
    instances += [binding_instance(seed, binding) for binding in Binding for seed in range(4)]
    instances += [i.replace(reservation_profit_echelon=0.1) for i in instances]
    many = FORMULAS[model](stacked(instances))
    for position, instance in enumerate(instances):
        one = FORMULAS[model](Parameters.of(instance))
        assert bool(one.applies) == bool(np.broadcast_to(many.applies, len(instances))[position])
        for name in FIELDS:
            value = np.broadcast_to(getattr(many, name), len(instances))[position]
            assert value == pytest.approx(getattr(one, name), rel=1e-12, nan_ok=True), name
    assert np.any(many.applies)
    assert not np.all(many.applies)


@pytest.mark.parametrize("model", list(Model))
def test_the_mask_says_where_solve_answers(model):
    instances = [random_instance(seed, contract_exists=seed % 2 > 0) for seed in range(8)]
    instances += [binding_instance(seed, binding) for binding in Binding for seed in range(3)]
    for instance in instances:
        try:
            solve(instance, model)
            answered = True
        except (FormulaDoesNotApply, NoCoordinatingContract):
            answered = False
        assert answered == bool(FORMULAS[model](Parameters.of(instance)).applies)


def test_parameters_broadcast():
    g = Parameters.of(TABLE_2_INSTANCE)
    grid = decentralized(Parameters(**{**vars(g), "w": np.linspace(5, 25, 5)[:, None], "beta": np.array([0.5, 0.7])}))
    assert np.shape(grid.pi_S) == (5, 2)
    single = decentralized(Parameters(**{**vars(g), "w": 15.0, "beta": 0.7}))
    assert grid.pi_S[2, 1] == single.pi_S


def test_the_solution_s_own_profits_are_the_formula_s():
    for seed in range(30):
        instance = random_instance(seed).replace(reservation_profit_echelon=0.0)
        for model, formula in FORMULAS.items():
            profits = solve(instance, model).profits
            found = formula(Parameters.of(instance))
            assert [found.pi_M, found.pi_R, found.pi_T, found.pi_S] == pytest.approx(
                list(vars(profits).values()), rel=1e-9
            )


def test_lump_sums_of_many_instances_are_the_region_s():
    from batteryopt.games.coordination.answer import contract_region

    instances = [random_instance(seed, contract_exists=seed % 2 > 0) for seed in range(10)]
    many = lump_sums(stacked(instances))
    for position, instance in enumerate(instances):
        assert bool(many.exists[position]) == (position % 2 > 0)
        if many.exists[position]:
            region = contract_region(solve(instance, Model.CONTRACT), solve(instance, Model.DECENTRALIZED))
            sums = many.least_K1[position], many.least_K2[position], many.most_sum[position], many.gain[position]
            assert sums == pytest.approx((region.least_k1, region.least_k2, region.most_sum, region.gain), rel=1e-9)
