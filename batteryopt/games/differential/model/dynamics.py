"""The state's part of the Pyomo models: sets, Radau collocation of efficiency, what efficiency and innovation cost."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from pyomo import dae

from batteryopt.games.differential.model.cap_switches import CapStanding
from batteryopt.games.differential.path.quadrature import Rule

EFFICIENCY = "efficiency m_j at a point of the axis, efficiency"
SLOPE = "slope dm_j/dx along the axis, efficiency/element"
COLLOCATION = "the slope is that of the polynomial through the element's points"


def add_time(m: pyo.ConcreteModel) -> None:
    """Add the sets: vehicles, efficiency levels, innovation efforts, retailers, and the collocation points."""
    game, grid = m.data.game, m.data.grid
    m.VEHICLES = pyo.RangeSet(0, game.vehicles - 1, doc="vehicles i and v")
    m.LEVELS = pyo.RangeSet(0, game.states - 1, doc="efficiency levels j")
    m.EFFORTS = pyo.RangeSet(0, game.efforts - 1, doc="innovation efforts a and b")
    m.RETAILERS = pyo.RangeSet(0, len(game.retailers) - 1, doc="retailers r")
    m.NODES = pyo.RangeSet(0, grid.elements * grid.degree - 1, doc="collocation points k in order of time")
    is_unbounded = grid.last_rule is Rule.GAUSS
    m.BODY = dae.ContinuousSet(
        initialize=range(grid.elements + 1 - is_unbounded), doc="time axis x, counted in elements, with Radau's nodes"
    )
    if is_unbounded:
        m.TAIL = dae.ContinuousSet(initialize=(0, 1), doc="last element, on which t runs to infinity")


def add_dynamics(m: pyo.ConcreteModel) -> None:
    """Let efficiency follow ``m' = M g - E m`` from m0 (1)."""
    game = m.data.game
    m.innovation = pyo.Var(
        m.EFFORTS, m.NODES, bounds=_innovation_bounds, initialize=0.0, doc="green innovation g_a at a point, innovation"
    )
    _keep_to_limits(m)
    _add_body(m)
    states, slopes = _by_node(m, m.efficiency, m.slope, m.BODY)
    if hasattr(m, "TAIL"):
        _add_tail(m)
        later = _by_node(m, m.tail_efficiency, m.tail_slope, m.TAIL)
        states, slopes = [*states, *later[0]], [*slopes, *later[1]]
    m.efficiency_at = pyo.Reference({(j, k): states[k][j] for k in m.NODES for j in m.LEVELS})
    m.slope_at = pyo.Reference({(j, k): slopes[k][j] for k in m.NODES for j in m.LEVELS})

    def dynamics(m: pyo.ConcreteModel, j: int, k: int) -> Any:
        built = sum(game.innovation_effectiveness[j, a] * m.innovation[a, k] for a in m.EFFORTS)
        decayed = sum(game.efficiency_decay[j, other] * m.efficiency_at[other, k] for other in m.LEVELS)
        return m.data.speeds[k] * m.slope_at[j, k] == built - decayed

    m.dynamics = pyo.Constraint(
        m.LEVELS, m.NODES, rule=dynamics, doc="(1) efficiency is built and decays: m' = M g - E m"
    )
    _add_unit_cost(m)


def _add_body(m: pyo.ConcreteModel) -> None:
    """Add efficiency on the elements with Radau's nodes, from m0."""
    start = m.data.game.initial_efficiency
    m.efficiency = pyo.Var(m.LEVELS, m.BODY, initialize=lambda _, j, __: start[j], doc=EFFICIENCY)
    m.slope = dae.DerivativeVar(m.efficiency, wrt=m.BODY, initialize=0.0, doc=SLOPE)
    _collocate(m, m.BODY, "LAGRANGE-RADAU")
    m.slope_disc_eq.doc = COLLOCATION
    for j in m.LEVELS:
        m.efficiency[j, 0].fix(start[j])


def _add_tail(m: pyo.ConcreteModel) -> None:
    """Add efficiency on the element that reaches to infinity, with Gauss's nodes, from where the body ends."""
    start = m.data.game.initial_efficiency
    m.tail_efficiency = pyo.Var(m.LEVELS, m.TAIL, initialize=lambda _, j, __: start[j], doc=EFFICIENCY)
    m.tail_slope = dae.DerivativeVar(m.tail_efficiency, wrt=m.TAIL, initialize=0.0, doc=SLOPE)
    _collocate(m, m.TAIL, "LAGRANGE-LEGENDRE")
    m.tail_slope_disc_eq.doc = COLLOCATION
    m.tail_efficiency_TAIL_cont_eq.doc = "the polynomial of the last element, at its end"
    m.tail_continues_body = pyo.Constraint(
        m.LEVELS,
        rule=lambda m, j: m.tail_efficiency[j, 0] == m.efficiency[j, m.BODY.last()],
        doc="the last element begins where the others end",
    )


def _collocate(m: pyo.ConcreteModel, axis: Any, scheme: str) -> None:
    pyo.TransformationFactory("dae.collocation").apply_to(
        m, wrt=axis, nfe=len(axis) - 1, ncp=m.data.grid.degree, scheme=scheme
    )


def _by_node(m: pyo.ConcreteModel, state: Any, slope: Any, axis: Any) -> tuple[list[Any], list[Any]]:
    """Return the variables at the collocation points of a discretised axis, a list over levels a point."""
    points = sorted(axis)[1:]
    if state is not m.efficiency:
        points = points[:-1]  # with Gauss's nodes the end is not one of them
    return [[state[j, x] for j in m.LEVELS] for x in points], [[slope[j, x] for j in m.LEVELS] for x in points]


def _innovation_bounds(m: pyo.ConcreteModel, a: int, k: int) -> tuple[float | None, float | None]:
    caps = m.data.instance.innovation_caps
    return (None, None) if caps is None or m.data.limit_of(a, k) is CapStanding.NONE else (0.0, caps[a])


def _keep_to_limits(m: pyo.ConcreteModel) -> None:
    """Fix innovation where it is known to stand at a limit."""
    for a in m.EFFORTS:
        for k in m.NODES:
            limit = m.data.limit_of(a, k)
            if limit in (CapStanding.ZERO, CapStanding.CAP):
                m.innovation[a, k].fix(0.0 if limit is CapStanding.ZERO else m.data.instance.innovation_caps[a])


def _add_unit_cost(m: pyo.ConcreteModel) -> None:
    game = m.data.game
    m.unit_cost = pyo.Expression(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: (
            game.unit_cost[i] + sum(game.efficiency_unit_cost[i, j] * m.efficiency_at[j, k] for j in m.LEVELS)
        ),
        doc="(3) unit cost C_i = c_i + C0 m, money/vehicle",
    )
    m.innovation_cost = pyo.Expression(
        m.NODES,
        rule=lambda m, k: sum(
            game.innovation_cost[a, b] * m.innovation[a, k] * m.innovation[b, k] for a in m.EFFORTS for b in m.EFFORTS
        ),
        doc="(4) cost of innovation g' K g, money/month",
    )
