"""The network form by formula, against first-order conditions that SymPy solves from the profits of `regions`."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from batteryopt.games.coordination.data.generator import random_instance, random_network
from batteryopt.games.coordination.data.instance import as_network
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Solution, as_array
from batteryopt.ground.errors import FormulaDoesNotApply

from .test_instance import small_network

SMALL = small_network()


class Symbolic:
    """A network's profits as SymPy expressions with rational parameters, as the docstring of `regions` has them."""

    def __init__(self, g: CoordinationNetwork) -> None:
        self.R, self.N = range(g.regions), range(g.enterprises)
        self.p, self.e_r = sp.symbols(f"p:{g.regions}"), sp.symbols(f"r:{g.regions}")
        self.e_n, self.w = sp.symbols(f"n:{g.enterprises}"), sp.symbols(f"w:{g.regions}")
        self.x = sp.Symbol("x")
        exact = sp.nsimplify
        given = {name: [exact(v, rational=True) for v in as_array(getattr(g, name))] for name in _LISTS}
        theta, f, w_t, c, m, sigma = (exact(getattr(g, name), rational=True) for name in _SCALARS)
        gamma = sp.zeros(g.regions)
        for r, s, effect in g.cross_price_effect:
            gamma[r, s] = exact(effect, rational=True)
        shares = [weight / sum(given["share_weight"]) for weight in given["share_weight"]]
        self.given_w = given["wholesale_price"]
        self.Q = [given["market_size"][r] - self.p[r] + sum(gamma[r, s] * self.p[s] for s in self.R) for r in self.R]
        returns = [
            given["voluntary_returns"][r] + given["residual_value"][r] + given["service_response"][r] * self.e_r[r]
            for r in self.R
        ]
        U, mean = theta * sum(returns), sum(self.e_n) / g.enterprises
        self.u = [shares[n] * U + sigma * (self.e_n[n] - mean) for n in self.N]
        price = [m - U + self.e_n[n] for n in self.N]
        service_cost = sum(e**2 for e in self.e_r) / 2
        effort_cost = [given["effort_cost"][n] * self.e_n[n] ** 2 / 2 for n in self.N]
        testing, x = given["testing_cost"], self.x
        self.manufacturer = sum((self.w[r] - c) * self.Q[r] for r in self.R) - (1 - x) * service_cost
        self.manufacturer += (w_t * theta + f * (1 - theta)) * sum(returns)
        self.retailers = [(self.p[r] - self.w[r]) * self.Q[r] for r in self.R]
        self.enterprises = [
            (price[n] - w_t - testing[n]) * self.u[n] - effort_cost[n] - x * shares[n] * service_cost for n in self.N
        ]
        self.chain = self.manufacturer + sum(self.retailers) + sum(self.enterprises)

    def answers(self) -> dict:
        """Return prices and efforts of the followers' equilibrium, by the leader's decisions."""
        conditions = [sp.diff(self.retailers[r], self.p[r]) for r in self.R]
        conditions += [sp.diff(self.enterprises[n], self.e_n[n]) for n in self.N]
        return sp.solve(conditions, [*self.p, *self.e_n], dict=True)[0]

    def assert_same(self, found: Solution, answer: dict) -> None:
        for symbols, decision in ((self.p, found.retail_price), (self.e_r, found.recycling_service)):
            assert as_array(decision) == pytest.approx([float(answer[s]) for s in symbols], rel=1e-11)
        assert as_array(found.sales_effort) == pytest.approx([float(answer[s]) for s in self.e_n], rel=1e-11)


_LISTS = (
    "market_size",
    "wholesale_price",
    "service_response",
    "voluntary_returns",
    "residual_value",
    "testing_cost",
    "effort_cost",
    "share_weight",
)
_SCALARS = ("usable_share", "scrap_value", "transfer_price", "production_cost", "echelon_market_size", "effort_rivalry")
NETWORKS = [
    SMALL,
    small_network(effort_rivalry=0.0),
    small_network(cross_price_effect=[[0, 1, 0.5]], effort_rivalry=0.1, production_cost=0.0),
    random_network(4, 3, 2),
]


@pytest.mark.parametrize("network", NETWORKS)
def test_centralised(network):
    s = Symbolic(network)
    unknown = [*s.p, *s.e_r, *s.e_n]
    answer = sp.solve([sp.diff(s.chain, z) for z in unknown], unknown, dict=True)[0]
    found = solve(network, Model.CENTRALIZED)
    s.assert_same(found, answer)
    assert found.objective == pytest.approx(float(s.chain.subs(answer)), rel=1e-11)
    assert sp.simplify(sum(sp.diff(s.chain, w) for w in s.w)) == 0  # what players pay each other cancels


@pytest.mark.parametrize("network", NETWORKS)
def test_decentralised(network):
    s = Symbolic(network)
    answers = {z: v.subs(s.x, 0) for z, v in s.answers().items()}
    leading = s.manufacturer.subs(answers).subs(s.x, 0)
    best = sp.solve([sp.diff(leading, e) for e in s.e_r], s.e_r, dict=True)[0]
    given = dict(zip(s.w, s.given_w, strict=True))
    answer = {**best, **{z: v.subs(best).subs(given) for z, v in answers.items()}}
    found = solve(network, Model.DECENTRALIZED)
    s.assert_same(found, answer)
    assert found.objective == pytest.approx(float(leading.subs(best).subs(given)), rel=1e-11)
    for player, profits in ((s.enterprises, found.outcome.enterprises), (s.retailers, found.outcome.retailers)):
        exact = [float(profit.subs(s.x, 0).subs(answer).subs(given)) for profit in player]
        assert profits == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("network", NETWORKS)
def test_wholesale_prices_as_decisions(network):
    s = Symbolic(network)
    answers = {z: v.subs(s.x, 0) for z, v in s.answers().items()}
    leading = s.manufacturer.subs(answers).subs(s.x, 0)
    unknown = [*s.e_r, *s.w]
    best = sp.solve([sp.diff(leading, z) for z in unknown], unknown, dict=True)[0]
    answer = {**best, **{z: v.subs(best) for z, v in answers.items()}}
    found = solve(network, Model.DECENTRALIZED_WHOLESALE)
    s.assert_same(found, answer)
    assert found.wholesale_price == pytest.approx([float(best[w]) for w in s.w], rel=1e-11)


@pytest.mark.parametrize("network", [NETWORKS[1], random_network(4, 3, 2, rivalry=False), random_network(5, 2, 1)])
def test_the_contract_s_terms_are_those_that_make_the_answers_centralised(network):
    """SymPy solves for one share x and the wholesale prices from the answers' conditions at the centralised point."""
    s = Symbolic(network)
    unknown = [*s.p, *s.e_r, *s.e_n]
    best = sp.solve([sp.diff(s.chain, z) for z in unknown], unknown, dict=True)[0]
    own = [sp.diff(s.retailers[r], s.p[r]).subs(best) for r in s.R]
    own += [sp.diff(s.manufacturer, s.e_r[r]).subs(best) for r in s.R]
    terms = sp.solve(own, [s.x, *s.w], dict=True)  # more conditions than unknowns: x is the same for all regions
    assert len(terms) == 1
    assert all(sp.simplify(sp.diff(s.enterprises[n], s.e_n[n]).subs(best)) == 0 for n in s.N)
    found = solve(network, Model.CONTRACT)
    s.assert_same(found, best)
    assert found.cost_share == pytest.approx(float(terms[0][s.x]), rel=1e-10)
    assert found.wholesale_price == pytest.approx([float(terms[0][w]) for w in s.w], rel=1e-10)


def test_with_rivalry_the_own_efforts_are_not_the_chain_s():
    s = Symbolic(SMALL)
    unknown = [*s.p, *s.e_r, *s.e_n]
    best = sp.solve([sp.diff(s.chain, z) for z in unknown], unknown, dict=True)[0]
    slopes = [sp.diff(s.enterprises[n], s.e_n[n]).subs(best) for n in s.N]
    assert all(sp.simplify(slope) > 0 for slope in slopes)  # each would spend more effort than is good for the chain
    with pytest.raises(NoCoordinatingContract, match="taking batteries from each other"):
        solve(SMALL, Model.CONTRACT)


def test_rivals_answer_each_other():
    """The best effort of one falls with the other's: d2 pi_1 / (d e_1 d e_2) = -sigma / 2, and 0 without rivalry."""
    for sigma, network in ((0.2, SMALL), (0.0, small_network(effort_rivalry=0.0))):
        s = Symbolic(network)
        assert float(sp.diff(s.enterprises[0], s.e_n[0], s.e_n[1])) == pytest.approx(-sigma / 2)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("model", list(Model))
def test_one_region_and_one_enterprise_are_the_paper_s_game(seed, model):
    instance = random_instance(seed).replace(reservation_profit_echelon=0.5)
    one, other = solve(instance, model), solve(as_network(instance), model)
    for name in ("retail_price", "recycling_service", "sales_effort", "wholesale_price"):
        assert as_array(getattr(other, name)) == pytest.approx(as_array(getattr(one, name)), rel=1e-11, abs=1e-11)
    assert other.transfer_price == pytest.approx(one.transfer_price, rel=1e-11)
    assert other.cost_share == pytest.approx(one.cost_share, rel=1e-9, abs=1e-12)
    assert list(vars(other.profits).values()) == pytest.approx(list(vars(one.profits).values()), rel=1e-10)


def test_rivalry_means_nothing_to_a_single_enterprise():
    calm = random_network(1, 5, 1)
    fierce = calm.replace(effort_rivalry=0.4)
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT):
        for name, decision in solve(calm, model).decisions().items():
            assert solve(fierce, model).decisions()[name] == pytest.approx(decision, rel=1e-12)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 2), (3, 3), (12, 5), (40, 20)])
@pytest.mark.parametrize("rivalry", [True, False])
def test_random_networks_are_interior_in_every_model(size, rivalry):
    for seed in range(12):
        network = random_network(seed, *size, rivalry=rivalry)
        chain = solve(network, Model.CENTRALIZED).objective
        for model in (Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE):
            found = solve(network, model)
            assert found.profits.supply_chain < chain
            assert found.outcome.resale_price.min() > 0
        if not rivalry or size[1] == 1:
            assert solve(network, Model.CONTRACT).objective == pytest.approx(chain, rel=1e-12)


def test_a_thousand_regions_and_a_hundred_enterprises_satisfy_their_equations():
    """Residuals of the conditions of `regions`, written out here, relative to the size of their terms."""
    g = random_network(0, 1000, 100)
    B = np.eye(1000) - g.cross_prices.toarray()
    a, w, beta, c_n = (np.array(v) for v in (g.market_size, g.wholesale_price, g.service_response, g.testing_cost))
    k, s, sigma, nu = g.effort_costs, g.shares, g.effort_rivalry, 1 - 1 / 100
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED):
        found = solve(g, model)
        p, e_r, e_n = (as_array(d) for d in (found.retail_price, found.recycling_service, found.sales_effort))
        U = g.usable_share * (g.own_returns.sum() + beta @ e_r)
        if model is Model.CENTRALIZED:
            worth = g.echelon_market_size - s @ c_n - 2 * U + s @ e_n
            residuals = [
                (B + B.T) @ p - a - g.production_cost * B.sum(axis=0),
                e_r - beta * (g.scrap_value * (1 - g.usable_share) + g.usable_share * worth),
                k * e_n - 2 * sigma * (e_n - e_n.mean()) - s * U + sigma * (c_n - c_n.mean()),
            ]
        else:
            margin = g.echelon_market_size - g.transfer_price - c_n
            residuals = [
                (np.eye(1000) + B) @ p - a - w,
                e_r - beta * g.revenue_per_return,
                (k - sigma * (1 + nu)) * e_n + sigma * e_n.mean() - (s - sigma * nu) * U - sigma * nu * margin,
            ]
        assert max(np.abs(r).max() for r in residuals) < 1e-10 * U


# --- where the formulas do not apply ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "model", "words"),
    [
        ({"wholesale_price": [10, 40]}, Model.DECENTRALIZED, "no demand is negative, but number 1"),
        ({"scrap_value": -9.0}, Model.DECENTRALIZED, "no recycling service is negative"),
        ({"scrap_value": -60.0}, Model.CENTRALIZED, "no recycling service is negative"),
        ({"testing_cost": [0.5, 200.0]}, Model.DECENTRALIZED, "no sales effort is negative, but number 1"),
        ({"share_weight": [1.0, 0.001]}, Model.CENTRALIZED, "no quantity of batteries is negative, but number 1"),
        ({"reservation_profit_retailer": [1e3, 0]}, Model.DECENTRALIZED, "every retailer earns"),
        ({"reservation_profit_echelon": [0, 1e3]}, Model.DECENTRALIZED, "every echelon enterprise earns"),
        ({"reservation_profit_manufacturer": 1e4}, Model.DECENTRALIZED, "every manufacturer earns"),
        ({"wholesale_price_cap": [50, 3]}, Model.DECENTRALIZED_WHOLESALE, "within its cap, but number 1"),
        ({}, Model.DECENTRALIZED_TRANSFER, "unbounded"),
        ({"reservation_profit_echelon": [1, 1]}, Model.DECENTRALIZED_TRANSFER, "which one is not known"),
    ],
)
def test_what_fails_is_named_with_its_place(changes, model, words):
    with pytest.raises(FormulaDoesNotApply, match=words):
        solve(small_network(**changes), model)


def test_signs_may_be_given_up():
    network = small_network(wholesale_price=[10, 40], sign_constraints=False)
    assert solve(network, Model.DECENTRALIZED).outcome.demand.min() < 0


def test_the_transfer_price_s_cap():
    network = as_network(random_instance(0).replace(reservation_profit_echelon=0.5))
    price = solve(network, Model.DECENTRALIZED_TRANSFER).transfer_price
    with pytest.raises(FormulaDoesNotApply, match="within its cap"):
        solve(network.replace(transfer_price_cap=0.9 * price), Model.DECENTRALIZED_TRANSFER)


def test_no_contract_where_the_manufacturer_gives_more_service_than_one_owner():
    network = small_network(effort_rivalry=0.0, transfer_price=40.0)
    with pytest.raises(NoCoordinatingContract, match="one owner would give"):
        solve(network, Model.CONTRACT)
