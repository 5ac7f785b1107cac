"""Two-stage programs that are no networks, in the algebra of the formulation: farmer, servers, arcs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from batteryopt.network.formulation.algebra import Formulation, index, plus
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.futures.extensive_form import Extensive, join
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

COST = "cost"


def farmer(yields: Sequence[float]) -> Formulation:
    """Return the farmer of Birge and Louveaux for one year's yields (t an acre) of wheat, corn and beets.

    500 acres; sowing 150, 230, 260; needed 200 t of wheat and 240 t of corn; buying 238, 210; selling 170, 150, and
    beets 36 up to 6000 t, 10 above.
    """
    crops = ["wheat", "corn", "beets"]
    m = Formulation({"crop": crops, "use": ["buy", "sell", "sell cheaply"]})
    CROPS = index(("crop",), crop=[0, 1, 2])
    acres = m.variables("acres", CROPS, upper=500.0, doc="acres")
    BOUGHT, SOLD = index(("crop",), crop=[0, 1]), index(("crop",), crop=[0, 1, 2])
    bought = m.variables("bought", BOUGHT, doc="t")
    sold = m.variables("sold", SOLD, upper=[np.inf, np.inf, 6000.0], doc="t")
    cheap = m.variables("sold_cheaply", index(("crop",), crop=[2]), doc="t")
    m.require(
        "land", over=index(("use",), use=[0]), terms=[acres.with_columns(use=0).only("use")], at_most=500.0, doc="land"
    )
    m.require(
        "needs",
        over=CROPS,
        terms=[acres * np.asarray(yields), bought, -sold, -cheap],
        at_least=[200.0, 240.0, 0.0],
        doc="what is grown and bought covers what is fed and sold",
    )
    m.charge(COST, plus(acres * [150, 230, 260], bought * [238, 210], sold * [-170, -150, -36], cheap * -10.0))
    return m


FARMER = ((2.0, 2.4, 16.0), (2.5, 3.0, 20.0), (3.0, 3.6, 24.0))
"""Yields in a bad, an average and a good year, equally likely."""


def optimum(form: Extensive) -> float:
    """Return the least expected cost of an extensive form."""
    return solved(form.m, form.m.account(COST))[0]


def solved(m: Formulation, costs: np.ndarray, constant: float = 0.0) -> tuple[float, np.ndarray]:
    """Return the least cost and where it is."""
    program = to_arrays(m, costs, constant=constant)
    found = solve_arrays(program, Options(relative_gap=0.0, threads=1))
    assert found.x is not None
    return program.objective(found.x), found.x


def joined(
    parts: Sequence[Formulation], first_stage: Sequence[str], shares: Sequence[float] | None = None
) -> Extensive:
    """Return the extensive form; equally likely unless said otherwise."""
    shares = shares or [1 / len(parts)] * len(parts)
    return join(parts, shares, [str(s) for s in range(len(parts))], first_stage=first_stage)


def netdes(text: str) -> tuple[list[Formulation], list[float]]:
    """Return the formulations and probabilities of a network design of arcs, from the text of its file.

    An arc that is opened costs its fixed cost; flows cost by scenario, up to the arc's capacity there; what flows out
    of a node less what flows into it is its demand there.
    """
    lines = [line for line in text[text.index("+\n") + 2 :].split("\n") if line.strip() and "--" not in line]
    nodes = int(lines[0])
    arcs = np.argwhere(_matrix(lines[3]) == 1)
    fixed = _matrix(lines[4])
    count = int(lines[5])
    shares = [float(p) for p in lines[6].split(",")]
    parts = []
    for s in range(count):
        costs, capacity = _matrix(lines[7 + 3 * s]), _matrix(lines[8 + 3 * s])
        demand = np.array([float(b) for b in lines[9 + 3 * s].replace(";", ",").split(",") if b.strip()])
        parts.append(_arcs(nodes, arcs, fixed, costs, capacity, demand))
    return parts, shares


def _matrix(line: str) -> np.ndarray:
    return np.array([[float(x) for x in row.split(",")] for row in line.strip().strip(";").split(";")])


def _arcs(
    nodes: int, arcs: np.ndarray, fixed: np.ndarray, costs: np.ndarray, capacity: np.ndarray, demand: np.ndarray
) -> Formulation:
    m = Formulation({"tail": [str(i) for i in range(nodes)], "head": [str(i) for i in range(nodes)], "node": []})
    ARCS = index(("tail", "head"), tail=arcs[:, 0], head=arcs[:, 1])
    opened = m.variables("opened", ARCS, upper=1.0, is_integer=True, doc="whether an arc is built")
    flow = m.variables("flow", ARCS, doc="what flows")
    at = arcs[:, 0], arcs[:, 1]
    m.require(
        "capacity", over=ARCS, terms=[flow, opened * -capacity[at]], at_most=0.0, doc="only what is built carries"
    )
    NODES = index(("node",), node=np.arange(nodes))
    out, into = flow.only("tail").renamed(tail="node"), flow.only("head").renamed(head="node")
    m.require("balance", over=NODES, terms=[out, -into], equal=demand, doc="what flows out is the demand and what came")
    m.charge(COST, plus(opened * fixed[at], flow * costs[at]))
    return m


def servers(text: str) -> list[Formulation]:
    """Return the formulations of the stochastic server location that a file has (see its head)."""
    rows = [[float(x) for x in line.split(",")] for line in text.splitlines() if not line.startswith("#")]
    fixed = np.array(rows[0])
    come = [np.array(row) for row in rows if len(row) > len(fixed)]
    revenue = np.array([row for row in rows[1:] if len(row) == len(fixed)])
    return [_servers(fixed, revenue, present) for present in come]


def _servers(fixed: np.ndarray, revenue: np.ndarray, present: np.ndarray) -> Formulation:
    clients, count = revenue.shape
    m = Formulation({"server": [str(j) for j in range(count)], "client": [str(i) for i in range(clients)]})
    SERVERS, CLIENTS = index(("server",), server=np.arange(count)), index(("client",), client=np.arange(clients))
    PAIRS = CLIENTS.over("server", count)
    built = m.variables("built", SERVERS, upper=1.0, is_integer=True, doc="whether a server is built")
    served = m.variables("served", PAIRS, upper=1.0, is_integer=True, doc="which client is served where")
    beyond = m.variables("beyond", SERVERS, doc="demand beyond a server's capacity")
    own = served.only("client", "server")
    load = (own * revenue.ravel()).only("server")
    m.require("capacity", over=SERVERS, terms=[load, -beyond, built * -112.0], at_most=0.0, doc="112 a server")
    m.require("all_are_served", over=CLIENTS, terms=[own.only("client")], equal=present, doc="who comes is served")
    m.charge(COST, plus(built * fixed, served * -revenue.ravel(), beyond * 1000.0))
    return m
