"""Where the coordination paper contradicts its own model, each place by number; the formulas here are for c = 0."""

from __future__ import annotations

from dataclasses import replace

from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.paper import printed_formulas as printed
from batteryopt.games.coordination.paper.published import TABLE_2
from batteryopt.games.shell.tried import PublishedFault


def _own_service(g: Parameters) -> float:
    return float(g.beta * g.G)


def _chain_service(g: Parameters) -> float:
    return float(g.beta * (g.F - g.theta**2 * g.S) / (1 + g.beta**2 * g.theta**2))


def _derived_share(g: Parameters) -> float:
    return 1 - _own_service(g) / _chain_service(g)


def _printed_effort(g: Parameters) -> float:
    """Return e_t of Prop. 4 as printed, at the contract that coordinates (w = 0, the right x)."""
    return float(printed.under_contract(g, w=0.0, x=_derived_share(g))[2])


def _derived_effort(g: Parameters) -> float:
    return float(g.theta * (g.S + g.beta * _own_service(g) / (1 - _derived_share(g))))


def _derived_gap(g: Parameters) -> float:
    """Return e_t^A - e_t^B by the paper's own formulas, at the m that its proof solves for."""
    meeting = replace(g, m=printed.meeting_market(g))
    return float(printed.best(meeting)[2] - printed.apart(meeting)[2])


def _chain_profit(g: Parameters) -> float:
    U = g.theta * (g.S + g.beta * _chain_service(g))
    return float(g.a**2 / 4 + g.F * U / g.theta - U**2 / 2 - _chain_service(g) ** 2 / 2)


def _service_if_manufacturer_tests(g: Parameters) -> float:
    return float(g.beta * (g.G - g.theta * g.c_t))


FAULTS: tuple[PublishedFault[Parameters], ...] = (
    PublishedFault(
        place="eq. (11)",
        printed="x = 1 + e_r^B / e_r^A",
        right="x = 1 - e_r^B / e_r^A",
        why="a sign: as printed x exceeds 1, which the contract's own condition 0 < x < 1 excludes",
        as_printed=lambda g: float(printed.share(g)),
        as_derived=_derived_share,
    ),
    PublishedFault(
        place="Prop. 4",
        printed="e_t^C = theta (b + w) + theta beta (f (1 - theta) + theta w_t) / (1 - x)",
        right="e_t^C = theta (b + omega) + theta beta^2 (f (1 - theta) + theta w_t) / (1 - x)",
        why="a factor beta is missing and w stands for omega: as printed, Prop. 5 (e_t^C = e_t^A) is false",
        as_printed=_printed_effort,
        as_derived=_derived_effort,
    ),
    PublishedFault(
        place="Prop. 3, proof",
        printed="e_t^A - e_t^B = f (theta - 1) beta^2 theta^2 / (1 + beta^2 theta^2), where e_r^A = e_r^B",
        right="e_t^A - e_t^B = 0, where e_r^A = e_r^B",
        why="e_t = theta Q_n in both models, so that equal services mean equal efforts; the decentralised model still "
        "does not coordinate, because its retail price is higher as long as w > c",
        as_printed=lambda g: float(printed.effort_gap(g)),
        as_derived=_derived_gap,
    ),
    PublishedFault(
        place="Table 2, contract, sum of profits",
        printed="46.27 + 225 + 39.12 = 310.39",
        right="20.27 + 225 + 55.12 = 300.39",
        why="lump sums cancel, so the three profits must add up to the chain's 300.39; the manufacturer's is printed "
        "too large by 26, the enterprise's too small by 16",
        as_printed=lambda _: sum(figure.printed for figure in TABLE_2[-4:-1]),
        as_derived=_chain_profit,
    ),
    PublishedFault(
        place="Table 1, c_t",
        printed="the processing cost c_t is borne by automobile manufacturers",
        right="it is borne by the echelon enterprise",
        why="eq. (7) subtracts it from the enterprise's margin and eq. (5) not at all; the service of Prop. 2 has no "
        "c_t. The numbers: e_r^B with the manufacturer paying, and as in Prop. 2",
        as_printed=_service_if_manufacturer_tests,
        as_derived=_own_service,
    ),
)
"""The faults that we found, each checked by number in the tests."""
