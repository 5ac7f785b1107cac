"""Everything numbered in the differential-game paper, and where we reproduce or judge it."""

from __future__ import annotations

from batteryopt.games.differential.paper.contradicted import FAULTS
from batteryopt.games.differential.paper.published import FIGURES, FORMULAS
from batteryopt.games.differential.paper.statements import STATEMENTS
from batteryopt.games.shell.numbering import Counted, Numbered, PaperContents, judged

_GAME = "code batteryopt.games.differential."
_MODEL = "docs formulations/differential-game.md"
_ROUTES = "docs differential-game.md"
_VALUES_D = tuple(f"formula {name}" for name in ("A_1", "A_2", "A_3", "B_1", "B_2", "B_2 as a product"))
_SOLVED = f"{_GAME}formula.pair_formulas:pair_equilibrium"
_VALUE_I = tuple(f"formula {name}" for name in ("M_1", "M_2", "M_3"))
_TEXT_3 = "statement text under Fig. 3"


def _equations() -> tuple[Numbered, ...]:
    """Return the equations that are formulas of their own: each is tried as it is printed."""
    words = {
        8: "retail price of vehicle 1 over efficiency, decentralised",
        9: "retail price of vehicle 2 over efficiency, decentralised",
        10: "wholesale price of vehicle 1 over efficiency",
        11: "wholesale price of vehicle 2 over efficiency",
        12: "green innovation over efficiency, decentralised",
        16: "efficiency over time, decentralised",
        17: "retail price of vehicle 1 over time, decentralised",
        18: "retail price of vehicle 2 over time, decentralised",
        19: "wholesale price of vehicle 1 over time",
        20: "wholesale price of vehicle 2 over time",
        21: "green innovation over time, decentralised",
        23: "retail price of vehicle 1 over efficiency, integrated",
        24: "retail price of vehicle 2 over efficiency, integrated",
        25: "green innovation over efficiency, integrated",
        27: "efficiency over time, integrated",
        28: "retail price of vehicle 1 over time, integrated",
        30: "retail price of vehicle 2 over time, integrated",
        31: "green innovation over time, integrated",
        32: "steady retail price of vehicle 1, integrated",
        33: "steady retail price of vehicle 2, integrated",
        34: "steady green innovation, integrated",
    }
    return tuple(_equation(number, what, f"formula ({number})") for number, what in words.items())


def _equation(number: int, words: str, *places: str) -> Numbered:
    return Numbered(part=Counted.EQUATION, number=number, words=words, places=places)


def _proposition(number: int, words: str, *places: str) -> Numbered:
    return Numbered(part=Counted.PROPOSITION, number=number, words=words, places=places)


def _corollary(number: int, words: str, *places: str) -> Numbered:
    return Numbered(part=Counted.COROLLARY, number=number, words=words, places=places)


def _figure(number: int, letter: str, words: str, *places: str) -> Numbered:
    own = f"figure Fig. {number}{letter}"
    return Numbered(part=Counted.FIGURE, number=number, letter=letter, words=words, places=(own, *places))


_BUILT = (
    _equation(1, "efficiency is built and decays", f"{_GAME}model.dynamics:add_dynamics", _MODEL),
    _equation(2, "demand", f"{_GAME}model.players:add_demand", _MODEL),
    _equation(3, "unit cost", f"{_GAME}solution:flows", _MODEL),
    _equation(4, "innovation cost", "fault (4)", _MODEL),
    _equation(5, "the manufacturer's present value", f"{_GAME}solution:flows", f"{_GAME}judge.simulation:simulate"),
    _equation(6, "the retailer's present value", f"{_GAME}solution:flows", f"{_GAME}judge.simulation:simulate"),
    _equation(7, "the decentralised game", f"{_GAME}model.build:build", _SOLVED),
    _equation(13, "the manufacturer's value, with A_1 to A_3", "formula xi_1", *_VALUES_D[:3]),
    _equation(14, "the retailer's value, with B_1 to B_3", *_VALUES_D[3:], "formula B_3, with the right B_2"),
    _equation(15, "the chain's value, decentralised", *_VALUES_D, "formula B_3, with the right B_2"),
    _equation(22, "the integrated game", f"{_GAME}model.build:build", _SOLVED),
    _equation(26, "the chain's value, integrated", "formula xi_2", *_VALUE_I),
    _equation(29, "numbers the second line of (28)", "formula (28)"),
    _equation(35, "the contract", f"{_GAME}model.players:add_contract_terms", "fault (35) and Prop. 6", _ROUTES),
)
_NUMBERED = tuple(sorted((*_BUILT, *_equations()), key=lambda item: item.number))

ITEMS = (
    *_NUMBERED,
    _proposition(
        1,
        "prices, innovation and values, decentralised",
        "statement Prop. 1",
        "statement Prop. 1 and 3",
        "formula Q_1",
        "formula m_inf^D",
        "fault Prop. 1 and 3",
    ),
    _proposition(2, "paths, decentralised", "statement Prop. 2 and 4", "fault Prop. 2"),
    _proposition(
        3,
        "prices, innovation and value, integrated",
        "statement Prop. 1 and 3",
        "formula Q_2",
        "formula m_inf^I",
        "fault Prop. 1 and 3",
    ),
    _proposition(4, "paths, integrated", "statement Prop. 2 and 4"),
    _proposition(
        5,
        "steady states and what they are supermodular in",
        "statement Prop. 5(i)",
        "statement Prop. 5(ii)",
        "fault Prop. 5(iii)",
    ),
    _proposition(6, "wholesale prices that coordinate", "statement Prop. 6", "fault (35) and Prop. 6"),
    _proposition(7, "shares that both accept, and their sum", "fault Prop. 7(i)", "statement Prop. 7(ii)"),
    _corollary(
        1,
        "skimming and penetration, decentralised",
        "statement Corollaries 1 and 2",
        "formula Corollary 1",
        "fault Corollaries 1 and 2",
    ),
    _corollary(
        2,
        "skimming and penetration, integrated",
        "statement Corollaries 1 and 2",
        "formula Corollary 2",
        "fault Corollaries 1 and 2",
    ),
    _corollary(
        3,
        "what mu, c0 and phi change",
        "statement Corollary 3(i)",
        "statement Corollary 3(ii)",
        "statement Corollary 3(iii)",
        "fault Corollary 3(ii)",
        "fault text under Corollary 3",
    ),
    _corollary(4, "which vehicle is dearer in the end", "fault Corollary 4(i)", "fault Corollary 4(ii)"),
    _corollary(5, "integration against decentralisation", "statement Corollary 5"),
    _figure(1, "", "shares that both accept", "number Fig. 1", "fault Prop. 7(i)"),
    _figure(2, "a", "efficiency over time", "statement text under Fig. 2", "fault text under Fig. 2"),
    _figure(2, "b", "green innovation over time", "statement text under Fig. 2"),
    _figure(3, "a", "retail prices over time", "number text under Fig. 3, Fig. 3a", _TEXT_3),
    _figure(3, "b", "demands over time", "number text under Fig. 3, Fig. 3b", _TEXT_3),
    _figure(3, "c", "profits over time", "number text under Fig. 3, Fig. 3c", _TEXT_3),
    _figure(4, "a", "efficiency over h and theta", "statement text under Fig. 4"),
    _figure(4, "b", "green innovation over h and theta", "statement text under Fig. 4"),
    _figure(5, "", "profits over h and theta", "statement text under Fig. 5"),
    Numbered(
        part=Counted.TABLE, number=1, words="comparison with other papers", places=("nothing to compute or to judge",)
    ),
    Numbered(
        part=Counted.TABLE,
        number=2,
        words="notation",
        places=(f"{_GAME}data.instance:DifferentialGameInstance", "docs reference/game-keys.md"),
    ),
)
"""In the paper's order of each kind."""

CONTENTS = PaperContents(
    items=ITEMS,
    judged=judged(
        formula=((formula.place, not formula.reason) for formula in FORMULAS),
        statement=((statement.place, not statement.why) for statement in STATEMENTS),
        fault=((fault.place, False) for fault in FAULTS),
        number=(
            (figure.place if figure.place == figure.about else f"{figure.place}, {figure.about}", not figure.reason)
            for figure in FIGURES
        ),
    ),
)
"""The table; drawn figures are judged by the numbers, statements and faults that are about them."""
