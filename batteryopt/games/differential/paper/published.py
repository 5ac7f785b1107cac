"""What the differential-game paper prints: its figures and its formulas, to be compared with what its model gives.

Lili Zhao, Jizi Li, Xiuli Bao: "Dynamic optimization and coordination of the new energy vehicle supply chain based on
credit trading and green innovation" (Scientific Reports 2025, doi 10.1038/s41598-025-27557-x).

Its formulas are tried at two cases: the base case of its section "Numerical experiments", and one of ours in which no
factor happens to be 1 (at the base case, where ``beta - gamma = 1``, some misprints do not show).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.paper import printed_formulas as printed
from batteryopt.games.differential.paper.printed_formulas import Printed, Symbols

BASE_CASE = DifferentialGameInstance(
    name="base case",
    source="section Numerical experiments of Zhao, Li and Bao, Scientific Reports 2025, doi 10.1038/s41598-025-27557-x",
    market_size=(20.0, 18.0),
    price_sensitivity=2.0,
    cross_price_sensitivity=1.0,
    efficiency_effect=1.0,
    innovation_effectiveness=1.0,
    efficiency_decay=0.5,
    unit_cost=(1.0, 2.0),
    efficiency_unit_cost=0.5,
    innovation_cost=2.0,
    discount_rate=0.1,
    credit_price=5.0,
    credits_per_vehicle=0.2,
    initial_efficiency=15.0,
)

SECOND_CASE = DifferentialGameInstance(
    name="second case",
    source="chosen by us so that no factor of the formulas is 1 and no two parameters are equal",
    market_size=(40.0, 30.0),
    price_sensitivity=3.0,
    cross_price_sensitivity=1.4,
    efficiency_effect=1.2,
    innovation_effectiveness=0.8,
    efficiency_decay=0.4,
    unit_cost=(3.0, 2.5),
    efficiency_unit_cost=0.3,
    innovation_cost=2.2,
    discount_rate=0.08,
    credit_price=1.7,
    credits_per_vehicle=0.6,
    initial_efficiency=10.0,
)

TIME = 3.0
"""The time, in months, to which the text's integrated prices belong; the text does not say so."""


@dataclass(frozen=True, kw_only=True)
class PrintedFigure:
    """A number of the paper's text.

    Attributes
    ----------
    place
        Where it stands.
    quantity
        What it is.
    key
        Ours of that name, see `reproduce.numbers`.
    decimals
        How many it is printed with, which says how near ours must be.
    reason
        Why ours differs, if it does.
    about
        The drawn figure that it is about.
    """

    place: str
    quantity: str
    key: str
    printed: float
    decimals: int
    about: str
    reason: str = ""

    def agrees(self, value: float) -> bool:
        """Whether a number rounds to the printed one."""
        return abs(value - self.printed) <= 0.5 * 10.0**-self.decimals * (1 + 1e-9)


_FIG_3 = "text under Fig. 3"
_NO_TIME = "not reproduced at any common time"
FIGURES: tuple[PrintedFigure, ...] = (
    PrintedFigure(
        place="Fig. 1", quantity="least share delta", key="share_low", about="Fig. 1", printed=0.25, decimals=2
    ),
    PrintedFigure(
        place="Fig. 1",
        quantity="largest share delta",
        key="share_high",
        about="Fig. 1",
        printed=0.50,
        decimals=2,
        reason="misread: 1 - J_M^D / J^I is 0.5458",
    ),
    PrintedFigure(place=_FIG_3, quantity="p_1^I", key="p1_I(t)", about="Fig. 3a", printed=18.02, decimals=2),
    PrintedFigure(place=_FIG_3, quantity="p_2^I", key="p2_I(t)", about="Fig. 3a", printed=18.19, decimals=2),
    PrintedFigure(
        place=_FIG_3,
        quantity="p_1^D",
        key="p1_D(t)",
        about="Fig. 3a",
        printed=20.59,
        decimals=2,
        reason=f"{_NO_TIME}: (8) and (9) keep p_1^D - p_2^D at 0.25, printed is 0.28",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="p_2^D",
        key="p2_D(t)",
        about="Fig. 3a",
        printed=20.31,
        decimals=2,
        reason=f"{_NO_TIME}: see p_1^D",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="D_1^D",
        key="D1_D(t)",
        about="Fig. 3b",
        printed=2.746,
        decimals=3,
        reason=f"{_NO_TIME}: the model keeps D_1^D - D_2^D at 1.25, printed is -2.12",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="D_2^D",
        key="D2_D(t)",
        about="Fig. 3b",
        printed=4.866,
        decimals=3,
        reason="off by 0.0025: the time is not exactly 3 months",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="D_1^I",
        key="D1_I(t)",
        about="Fig. 3b",
        printed=9.548,
        decimals=3,
        reason=f"{_NO_TIME}: the model keeps D_1^I - D_2^I at 2.5, printed is -1.232",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="D_2^I",
        key="D2_I(t)",
        about="Fig. 3b",
        printed=10.78,
        decimals=2,
        reason="off by 0.006: the time is not exactly 3 months",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="profit of the chain, decentralised",
        key="J_D",
        about="Fig. 3c",
        printed=478_400.0,
        decimals=-2,
        reason="not reproduced by the model, whatever the unit: see the ratio",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="profit of the chain, integrated",
        key="J_I",
        about="Fig. 3c",
        printed=638_100.0,
        decimals=-2,
        reason="not reproduced by the model, whatever the unit: see the ratio",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="increase of the chain's profit, %",
        key="profit_increase",
        about="Fig. 3c",
        printed=33.38,
        decimals=2,
        reason="the ratio of the two profits above; ours at t = 0",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="fall of p_1, %",
        key="price_fall_1",
        about="Fig. 3a",
        printed=12.48,
        decimals=2,
        reason="follows from p_1^D above",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="fall of p_2, %",
        key="price_fall_2",
        about="Fig. 3a",
        printed=10.44,
        decimals=2,
        reason="follows from p_2^D above",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="rise of D_1, %",
        key="demand_rise_1",
        about="Fig. 3b",
        printed=247.70,
        decimals=2,
        reason="follows from D_1^D and D_1^I above",
    ),
    PrintedFigure(
        place=_FIG_3,
        quantity="rise of D_2, %",
        key="demand_rise_2",
        about="Fig. 3b",
        printed=121.54,
        decimals=2,
        reason="follows from D_2^D and D_2^I above",
    ),
)
"""Every number of the text that the model determines. The figures themselves are curves without numbers."""


@dataclass(frozen=True, kw_only=True)
class PrintedFormula:
    """A formula of the paper.

    Attributes
    ----------
    place
        Its number, or where it stands.
    key
        What it stands for, ours of that name.
    value
        The formula as printed.
    reason
        What is wrong with it, if anything.
    """

    place: str
    key: str
    value: Printed
    reason: str = ""


def _at_start(formula: Callable[[Symbols, float, int], float], i: int) -> Printed:
    return lambda s: formula(s, s.m0, i)


def _at_time(formula: Callable[[Symbols, float, int], float], i: int) -> Printed:
    return lambda s: formula(s, TIME, i)


_SWAPPED = "alpha_1 and alpha_2 are swapped"
FORMULAS: tuple[PrintedFormula, ...] = (
    PrintedFormula(place="(8)", key="p1_D(0)", value=_at_start(printed.price_d, 1)),
    PrintedFormula(place="(9)", key="p2_D(0)", value=_at_start(printed.price_d, 2)),
    PrintedFormula(place="(10)", key="w1_D(0)", value=_at_start(printed.wholesale_d, 1)),
    PrintedFormula(place="(11)", key="w2_D(0)", value=_at_start(printed.wholesale_d, 2)),
    PrintedFormula(place="(12)", key="g_D(0)", value=lambda s: printed.innovation_d(s, s.m0)),
    PrintedFormula(place="xi_1", key="xi_D", value=printed.xi_1),
    PrintedFormula(place="A_1", key="A1", value=printed.a_1),
    PrintedFormula(place="A_2", key="A2", value=printed.a_2),
    PrintedFormula(place="A_3", key="A3", value=printed.a_3, reason="its last factor must not be squared"),
    PrintedFormula(place="B_1", key="B1", value=printed.b_1),
    PrintedFormula(
        place="B_2", key="B2", value=printed.b_2_joined_by_plus, reason='"+" stands between what must be multiplied'
    ),
    PrintedFormula(
        place="B_2 as a product",
        key="B2",
        value=printed.b_2_as_product,
        reason="1 - gamma + beta stands for 2, right only where beta - gamma = 1",
    ),
    PrintedFormula(place="B_3, with the right B_2", key="B3", value=lambda s: printed.b_3(s, _right_b_2(s))),
    PrintedFormula(place="Q_1", key="Q_D", value=printed.decay_d),
    PrintedFormula(place="m_inf^D", key="m_D(inf)", value=printed.steady_d),
    PrintedFormula(place="(16)", key="m_D(t)", value=lambda s: printed.efficiency_d(s, TIME)),
    PrintedFormula(place="(17)", key="p1_D(t)", value=_at_time(printed.price_d_at, 1)),
    PrintedFormula(place="(18)", key="p2_D(t)", value=_at_time(printed.price_d_at, 2)),
    PrintedFormula(place="(19)", key="w1_D(t)", value=_at_time(printed.wholesale_d_at, 1), reason=_SWAPPED),
    PrintedFormula(place="(20)", key="w2_D(t)", value=_at_time(printed.wholesale_d_at, 2), reason=_SWAPPED),
    PrintedFormula(place="(21)", key="g_D(t)", value=lambda s: printed.innovation_d_at(s, TIME)),
    PrintedFormula(place="Corollary 1", key="m_D(inf), c0 = 0", value=printed.steady_bound_d),
    PrintedFormula(place="(23)", key="p1_I(0)", value=_at_start(printed.price_i, 1)),
    PrintedFormula(place="(24)", key="p2_I(0)", value=_at_start(printed.price_i, 2)),
    PrintedFormula(place="(25)", key="g_I(0)", value=lambda s: printed.innovation_i(s, s.m0)),
    PrintedFormula(place="xi_2", key="xi_I", value=printed.xi_2),
    PrintedFormula(place="M_1", key="M1", value=printed.m_1),
    PrintedFormula(place="M_2", key="M2", value=printed.m_2),
    PrintedFormula(place="M_3", key="M3", value=printed.m_3),
    PrintedFormula(place="Q_2", key="Q_I", value=printed.decay_i),
    PrintedFormula(place="m_inf^I", key="m_I(inf)", value=printed.steady_i),
    PrintedFormula(place="(27)", key="m_I(t)", value=lambda s: printed.efficiency_i(s, TIME)),
    PrintedFormula(place="(28)", key="p1_I(t)", value=_at_time(printed.price_i_at, 1), reason=_SWAPPED),
    PrintedFormula(
        place="(30)", key="p2_I(t)", value=_at_time(printed.price_i_at, 2), reason=f"{_SWAPPED}, and c_1 stands for c_2"
    ),
    PrintedFormula(place="(31)", key="g_I(t)", value=lambda s: printed.innovation_i_at(s, TIME)),
    PrintedFormula(place="(32)", key="p1_I(inf)", value=lambda s: printed.steady_price_i(s, 1)),
    PrintedFormula(place="(33)", key="p2_I(inf)", value=lambda s: printed.steady_price_i(s, 2)),
    PrintedFormula(place="(34)", key="g_I(inf)", value=printed.steady_innovation_i),
    PrintedFormula(place="Corollary 2", key="m_I(inf), c0 = 0", value=printed.steady_bound_i),
)
"""Every closed formula of the paper and what it stands for; (13) to (15) and (26) put these coefficients together."""


def _right_b_2(s: Symbols) -> float:
    """Return B_2 with the 2 that the paper prints as ``1 - gamma + beta``."""
    xi = printed.xi_1(s)
    braces = 2 * xi * (s.rho * s.k * s.b + xi) + s.k * s.b * s.mu**2 * s.f**2
    return braces * s.k * s.f * s.market / (8 * xi * (s.rho * s.k * s.b + xi) ** 2)
