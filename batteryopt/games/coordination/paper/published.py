"""What the coordination paper prints: its Table 2, and the places where it contradicts its own model.

Yonglong Wang, Meili Song, Jirong Cai: "Research on Coordination Mechanism Design of Closed-Loop Supply Chain for New
Energy Vehicle Power Batteries". The paper has no production cost; the formulas here are for c = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.solution import Model, Solution, as_array

TABLE_2_INSTANCE = CoordinationInstance(
    name="Table 2",
    source="recovered by us from the figures of Table 2, which the paper prints without its parameters; "
    "see the comments of data/coordination/table2.toml",
    market_size=30.0,
    wholesale_price=10.0,
    transfer_price=2.5,
    testing_cost=0.5,
    scrap_value=1.2,
    usable_share=0.6,
    voluntary_returns=8.0,
    residual_value=1.0,
    service_response=0.7,
    echelon_market_size=15.0,
)
"""The parameters behind Table 2, as far as it determines them."""


@dataclass(frozen=True, kw_only=True)
class TableFigure:
    """A figure of Table 2.

    Attributes
    ----------
    quantity
        Its name in the JSON: a decision or a profit.
    printed
        The number as printed; the contract's profits are printed with the lump sums apart, which are left out here.
    decimals
        The table prints two decimals and drops zeros at the end.
    is_wrong
        Whether the paper's own model gives another number (see `FAULTS`).
    """

    model: Model
    quantity: str
    printed: float
    decimals: int = 2
    is_wrong: bool = False

    def agrees(self, value: float) -> bool:
        """Whether a number rounds to the printed one."""
        return abs(value - self.printed) <= 0.5 * 10.0**-self.decimals * (1 + 1e-9)

    def value(self, solution: Solution) -> float:
        """Return the same quantity of a solution of the paper's game."""
        decisions = solution.decisions()
        found = decisions[self.quantity] if self.quantity in decisions else vars(solution.profits)[self.quantity]
        return float(as_array(found)[0])


def _row(model: Model, printed: dict[str, float], wrong: tuple[str, ...] = ()) -> tuple[TableFigure, ...]:
    return tuple(TableFigure(model=model, quantity=k, printed=v, is_wrong=k in wrong) for k, v in printed.items())


TABLE_2: tuple[TableFigure, ...] = (
    *_row(
        Model.CENTRALIZED,
        {"retail_price": 15.0, "recycling_service": 3.53, "sales_effort": 6.88, "supply_chain": 300.39},
    ),
    *_row(
        Model.DECENTRALIZED,
        {
            "retail_price": 20.0,
            "recycling_service": 1.39,
            "sales_effort": 5.98,
            "manufacturer": 118.78,
            "retailer": 100.0,
            "echelon_enterprise": 53.89,
            "supply_chain": 272.67,
        },
    ),
    *_row(
        Model.CONTRACT,
        {
            "retail_price": 15.0,
            "recycling_service": 3.53,
            "sales_effort": 6.88,
            "manufacturer": 46.27,
            "retailer": 225.0,
            "echelon_enterprise": 39.12,
            "supply_chain": 300.39,
        },
        wrong=("manufacturer", "echelon_enterprise"),
    ),
)
"""Every figure of Table 2, as printed."""


@dataclass(frozen=True, kw_only=True)
class PublishedFault:
    """A place where the paper contradicts its own model.

    Attributes
    ----------
    place
        Equation, proposition or table.
    printed, right
        What stands there, and what follows from the paper's model.
    why
        How one sees it.
    as_printed, as_derived
        The two as functions of the parameters, to be compared by number.
    """

    place: str
    printed: str
    right: str
    why: str
    as_printed: Callable[[Parameters], float]
    as_derived: Callable[[Parameters], float]


def _own_service(g: Parameters) -> float:
    return float(g.beta * g.G)


def _chain_service(g: Parameters) -> float:
    return float(g.beta * (g.F - g.theta**2 * g.S) / (1 + g.beta**2 * g.theta**2))


def _printed_share(g: Parameters) -> float:
    """Return x of eq. (11), term by term as printed."""
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
    return float(numerator / (f * (theta - 1) + theta * (theta * (b + omega) - m) + theta * c_t))


def _derived_share(g: Parameters) -> float:
    return 1 - _own_service(g) / _chain_service(g)


def _printed_effort(g: Parameters) -> float:
    """Return e_t of Prop. 4 as printed, at the contract that coordinates (w = 0, the right x)."""
    kept, wholesale_price = 1 - _derived_share(g), 0.0
    by_scrap = g.theta * g.beta * g.f * (1 - g.theta) / kept
    return float(g.theta * (g.b + wholesale_price) + by_scrap + g.theta**2 * g.beta * g.w_t / kept)


def _derived_effort(g: Parameters) -> float:
    return float(g.theta * (g.S + g.beta * _own_service(g) / (1 - _derived_share(g))))


def _printed_gap(g: Parameters) -> float:
    """Return the difference of efforts that the proof of Prop. 3 prints, for the m that makes the services equal."""
    return float(g.f * (g.theta - 1) * g.beta**2 * g.theta**2 / (1 + g.beta**2 * g.theta**2))


def _derived_gap(g: Parameters) -> float:
    """Return e_t^A - e_t^B by the paper's own formulas, at the m that its proof solves for."""
    bend = 1 + g.beta**2 * g.theta**2
    m = (g.G * bend - g.f * (1 - g.theta) + g.theta**2 * g.S + g.theta * g.c_t) / g.theta
    gain = g.f * g.beta**2 * (1 - g.theta) + m * g.beta**2 * g.theta - g.theta * g.beta**2 * g.c_t
    return float(g.theta * (g.S + gain) / bend - g.theta * (g.S + g.beta**2 * g.G))


def _chain_profit(g: Parameters) -> float:
    U = g.theta * (g.S + g.beta * _chain_service(g))
    return float(g.a**2 / 4 + g.F * U / g.theta - U**2 / 2 - _chain_service(g) ** 2 / 2)


def _service_if_manufacturer_tests(g: Parameters) -> float:
    return float(g.beta * (g.G - g.theta * g.c_t))


FAULTS: tuple[PublishedFault, ...] = (
    PublishedFault(
        place="eq. (11)",
        printed="x = 1 + e_r^B / e_r^A",
        right="x = 1 - e_r^B / e_r^A",
        why="a sign: as printed x exceeds 1, which the contract's own condition 0 < x < 1 excludes",
        as_printed=_printed_share,
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
        as_printed=_printed_gap,
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
