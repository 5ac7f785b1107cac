"""The coordination paper's equations and formulas as printed, misprints included; symbols are the paper's.

All of it is plain arithmetic: of numbers here, of symbols in the tests that prove or refute it by algebra. The paper
has no production cost, and neither have these.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from batteryopt.games.coordination.formula.equilibrium import Parameters

Value: TypeAlias = Any
"""A number, an array, or a symbolic expression."""
Decisions: TypeAlias = tuple[Value, Value, Value]
"""p, e_r, e_t."""

# --- the model --------------------------------------------------------------------------------------------------------


def returns(g: Parameters, e_r: Value) -> Value:
    """Q_n, Assumption 2."""
    return g.b + g.beta * e_r + g.omega


def chain(g: Parameters, decisions: Decisions) -> Value:
    """(1)."""
    p, e_r, e_t = decisions
    Q_n = returns(g, e_r)
    p_m = g.m - g.theta * Q_n + e_t
    return p * (g.a - p) + (g.f * (1 - g.theta) + (p_m - g.c_t) * g.theta) * Q_n - e_r**2 / 2 - e_t**2 / 2


def chain_slopes(g: Parameters, decisions: Decisions) -> Decisions:
    """(2) to (4), left-hand sides."""
    p, e_r, e_t = decisions
    f, theta, beta, Q_n = g.f, g.theta, g.beta, returns(g, e_r)
    service = (
        g.m * beta * theta
        - f * beta * (theta - 1)
        - beta * theta * g.c_t
        - e_r
        - 2 * beta * theta**2 * Q_n
        + beta * theta * e_t
    )
    return g.a - 2 * p, service, theta * Q_n - e_t


def hessian(g: Parameters) -> list[list[Value]]:
    """A_3, below (4)."""
    cross = g.beta * g.theta
    return [[-2, 0, 0], [0, -1 - 2 * cross**2, cross], [0, cross, -1]]


def minors(g: Parameters) -> tuple[Value, Value, Value]:
    """Its leading principal minors."""
    square = g.beta**2 * g.theta**2
    return -2, 2 + 4 * square, -2 - 2 * square


def manufacturer(g: Parameters, decisions: Decisions, w: Value, x: Value = 0) -> Value:
    """(5), and (8) without K_1."""
    p, e_r, _ = decisions
    Q_n = returns(g, e_r)
    return w * (g.a - p) + g.w_t * g.theta * Q_n + g.f * (1 - g.theta) * Q_n - (1 - x) * e_r**2 / 2


def retailer(g: Parameters, decisions: Decisions, w: Value) -> Value:
    """(6), and (9) without K_1 + K_2."""
    p, _, _ = decisions
    return (p - w) * (g.a - p)


def enterprise(g: Parameters, decisions: Decisions, x: Value = 0) -> Value:
    """(7), and (10) without K_2."""
    _, e_r, e_t = decisions
    Q_n = returns(g, e_r)
    p_m = g.m - g.theta * Q_n + e_t
    return (p_m - g.w_t - g.c_t) * g.theta * Q_n - e_t**2 / 2 - x * e_r**2 / 2


# --- Propositions 1 and 2 ---------------------------------------------------------------------------------------------


def best(g: Parameters) -> Decisions:
    """p, e_r, e_t of Prop. 1."""
    f, theta, beta, S, bend = g.f, g.theta, g.beta, g.b + g.omega, 1 + g.beta**2 * g.theta**2
    e_r = -beta * (f * (theta - 1) + theta**2 * S - theta * g.m + theta * g.c_t) / bend
    inner = g.b + f * beta**2 - f * beta**2 * theta + g.m * beta**2 * theta + g.omega - theta * beta**2 * g.c_t
    return g.a / 2, e_r, theta * inner / bend


def _own_revenue(g: Parameters) -> Value:
    """Return what Prop. 2 prints as ``f - f theta + theta w_t``."""
    return g.f - g.f * g.theta + g.theta * g.w_t


def apart(g: Parameters) -> Decisions:
    """p, e_r, e_t of Prop. 2."""
    G = _own_revenue(g)
    return (g.a + g.w) / 2, g.beta * G, g.theta * (g.b + g.omega + g.beta**2 * G)


def profits_apart(g: Parameters) -> tuple[Value, Value, Value, Value]:
    """Return the profits of M, R, T and S that Prop. 2 prints."""
    G = _own_revenue(g)
    collected = g.b + g.omega + g.beta**2 * G
    batteries = g.theta * collected * (2 * (g.m - g.c_t - g.w_t) - g.theta * collected) / 2
    service = -(g.beta**2) * G**2 / 2 + G * collected
    return (
        g.w * (g.a - g.w) / 2 + service,
        (g.a - g.w) ** 2 / 4,
        batteries,
        (g.a - g.w) ** 2 / 4 + (g.a - g.w) * g.w / 2 + service + batteries,
    )


# --- Propositions 3 to 6 ----------------------------------------------------------------------------------------------


def meeting_market(g: Parameters) -> Value:
    """Return the m for which the proof of Prop. 3 says that the services of both models are equal."""
    bend = 1 + g.beta**2 * g.theta**2
    own = g.f * (1 - g.theta) + g.theta * g.w_t
    return (own * bend - g.f * (1 - g.theta) + g.theta**2 * (g.b + g.omega) + g.theta * g.c_t) / g.theta


def effort_gap(g: Parameters) -> Value:
    """Return e_t^A - e_t^B at that m, as the proof of Prop. 3 prints it."""
    bend = 1 + g.beta**2 * g.theta**2
    return g.f * (g.theta - 1) * g.beta**2 * g.theta**2 / bend


def under_contract(g: Parameters, w: Value, x: Value) -> Decisions:
    """p, e_r, e_t of Prop. 4."""
    f, theta, beta = g.f, g.theta, g.beta
    e_r = (beta * f * (1 - theta) + beta * theta * g.w_t) / (1 - x)
    e_t = theta * (g.b + w) + (theta * beta * f * (1 - theta) + theta**2 * beta * g.w_t) / (1 - x)
    return (g.a + w) / 2, e_r, e_t


def chain_under_contract(g: Parameters, decisions: Decisions) -> Value:
    """Return the chain's profit of Prop. 4."""
    p, e_r, e_t = decisions
    Q_n, theta = returns(g, e_r), g.theta
    revenue = p * (g.a - p) + (g.f * (1 - theta) + theta * (g.m - g.c_t)) * Q_n + theta * Q_n * e_t
    return revenue - theta**2 * Q_n**2 - e_r**2 / 2 - e_t**2 / 2


def share(g: Parameters) -> Value:
    """Return x of (11), term by term."""
    f, theta, beta, m, b, omega, c_t, w_t = g.f, g.theta, g.beta, g.m, g.b, g.omega, g.c_t, g.w_t
    numerator = (
        2 * f * theta
        - 2 * f
        - m * theta
        + b * theta**2
        - f * beta**2 * theta**2
        + f * beta**2 * theta**3
        + theta**2 * omega
        + theta * c_t
        - (theta + beta**2 * theta**3) * w_t
    )
    return numerator / (f * (theta - 1) + theta * (theta * (b + omega) - m) + theta * c_t)


def parts(g: Parameters, decisions: Decisions, w: Value, x: Value) -> tuple[Value, Value]:
    """Return A and B of (13), at given decisions."""
    p, e_r, _ = decisions
    collected = (g.theta * g.w_t + (1 - g.theta) * g.f) * returns(g, e_r)
    whole = chain(g, decisions)
    return (collected + w * (g.a - p) - (1 - x) * e_r**2 / 2) / whole, (p - w) * (g.a - p) / whole
