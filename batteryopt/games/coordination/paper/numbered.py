"""Everything numbered in the coordination paper, and where we reproduce or judge it."""

from __future__ import annotations

from batteryopt.games.coordination.paper.contradicted import FAULTS
from batteryopt.games.coordination.paper.published import TABLE_2
from batteryopt.games.coordination.paper.statements import STATEMENTS
from batteryopt.games.shell.numbering import Counted, Numbered, PaperContents, judged

_GAME = "code batteryopt.games.coordination."
_PRINTED = f"{_GAME}paper.printed_formulas:"
_EVALUATED = f"{_GAME}solution:evaluate"
_KEYS = "docs reference/game-keys.md"
_MODEL = "docs formulations/coordination.md"


def _equation(number: int, words: str, *places: str) -> Numbered:
    return Numbered(part=Counted.EQUATION, number=number, words=words, places=places)


def _proposition(number: int, words: str, *places: str) -> Numbered:
    return Numbered(part=Counted.PROPOSITION, number=number, words=words, places=places)


ITEMS = (
    Numbered(
        part=Counted.ASSUMPTION,
        number=1,
        words="demand for vehicles, Q = a - p",
        places=(f"{_GAME}model.build:demand", _MODEL),
    ),
    Numbered(
        part=Counted.ASSUMPTION,
        number=2,
        words="batteries collected, Q_n = b + beta e_r + omega, and the cost e_r^2/2 of service",
        places=(f"{_GAME}model.build:returns", f"{_PRINTED}returns", _MODEL),
    ),
    Numbered(
        part=Counted.ASSUMPTION,
        number=3,
        words="price of an echelon battery, p_m = m - theta Q_n + e_t, and the cost e_t^2/2 of effort",
        places=(f"{_GAME}model.build:resale_price", _MODEL),
    ),
    Numbered(
        part=Counted.ASSUMPTION,
        number=4,
        words="no production cost; a parameter here, 0 unless given",
        places=(f"{_GAME}data.instance:CoordinationInstance", _KEYS),
    ),
    _equation(1, "the chain's profit", f"{_PRINTED}chain", "statement Prop. 1(1)"),
    _equation(2, "its slope by p", f"{_PRINTED}chain_slopes", "statement Prop. 1(2)"),
    _equation(3, "its slope by e_r", f"{_PRINTED}chain_slopes", "statement Prop. 1(2)"),
    _equation(4, "its slope by e_t", f"{_PRINTED}chain_slopes", "statement Prop. 1(2)"),
    _equation(5, "the manufacturer's profit, decentralised", f"{_PRINTED}manufacturer", "statement Prop. 2"),
    _equation(6, "the retailer's profit, decentralised", f"{_PRINTED}retailer", "statement Prop. 2"),
    _equation(7, "the enterprise's profit, decentralised", f"{_PRINTED}enterprise", "statement Prop. 2"),
    _equation(
        8, "the manufacturer's profit under the contract", f"{_PRINTED}manufacturer", f"{_GAME}solution:evaluate"
    ),
    _equation(9, "the retailer's profit under the contract", f"{_PRINTED}retailer", f"{_GAME}solution:evaluate"),
    _equation(10, "the enterprise's profit under the contract", f"{_PRINTED}enterprise", f"{_GAME}solution:evaluate"),
    _equation(
        11, "w and x that coordinate", f"{_PRINTED}share", "fault eq. (11)", f"{_GAME}formula.closed_form:contract"
    ),
    _equation(12, "profits under coordination", "statement Prop. 5, (12) and (13)"),
    _equation(13, "the parts A and B of the chain's profit", f"{_PRINTED}parts", "statement Prop. 5, (12) and (13)"),
    _equation(
        14, "lump sums with which all gain", "figure (14)", "statement Prop. 6", f"{_GAME}judge.pareto:ParetoRegion"
    ),
    _proposition(
        1,
        "one owner: concavity, the unique optimum, the chain's profit",
        "statement Prop. 1(1)",
        "statement Prop. 1, proof",
        "statement Prop. 1(2)",
        "statement Prop. 1(3)",
    ),
    _proposition(2, "decentralised: the unique equilibrium and four profits", "statement Prop. 2"),
    _proposition(3, "decentralised decisions do not coordinate", "statement Prop. 3", "fault Prop. 3, proof"),
    _proposition(4, "decisions and profits under the contract", "statement Prop. 4", "fault Prop. 4"),
    _proposition(5, "the contract that coordinates", "statement Prop. 5", "statement Prop. 5, (12) and (13)"),
    _proposition(6, "lump sums with which all three gain", "statement Prop. 6", "figure (14)"),
    Numbered(part=Counted.FIGURE, number=1, words="schematic of the supply chain", places=("figure Fig. 1", _MODEL)),
    Numbered(
        part=Counted.FIGURE, number=2, words="profits over K1 and K2", places=("figure Fig. 2", "statement Prop. 6")
    ),
    Numbered(part=Counted.TABLE, number=1, words="notation", places=("fault Table 1, c_t", _KEYS)),
    Numbered(
        part=Counted.TABLE,
        number=2,
        words="decisions and profits of the three models",
        places=("number Table 2", "fault Table 2, contract, sum of profits", f"{_GAME}paper.published:TABLE_2"),
    ),
)
"""In the paper's order of each kind."""

CONTENTS = PaperContents(
    items=ITEMS,
    judged=judged(
        statement=((statement.place, not statement.why) for statement in STATEMENTS),
        fault=((fault.place, False) for fault in FAULTS),
        number=(("Table 2", not figure.is_wrong) for figure in TABLE_2),
    ),
)
"""The table; drawn figures are judged by the statements and faults that are about them."""
