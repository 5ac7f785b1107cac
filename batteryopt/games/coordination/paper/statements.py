"""What the coordination paper states, each tried by number: its propositions, and what it concludes from them.

The tests try the same printed formulas by algebra.
"""

from __future__ import annotations

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.paper import margins
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.shell.tried import PublishedStatement

SECOND_CASE = CoordinationInstance(
    name="second case",
    source="chosen by us so that no factor of the formulas is 1 and no two parameters are equal",
    market_size=50.0,
    wholesale_price=14.0,
    transfer_price=3.0,
    testing_cost=0.8,
    scrap_value=2.1,
    usable_share=0.45,
    voluntary_returns=6.0,
    residual_value=1.3,
    service_response=1.2,
    echelon_market_size=22.0,
)
CASES = tuple(Parameters.of(instance) for instance in (TABLE_2_INSTANCE, SECOND_CASE))

STATEMENTS: tuple[PublishedStatement[Parameters], ...] = (
    PublishedStatement(
        place="Prop. 1(1)",
        words="the chain's profit is jointly concave in p, e_r and e_t",
        margin=margins.chain_is_concave,
    ),
    PublishedStatement(
        place="Prop. 1, proof",
        words="the Hessian A_3 and its leading principal minors are as printed",
        margin=margins.hessian_is_right,
    ),
    PublishedStatement(
        place="Prop. 1(2)",
        words="the printed p, e_r and e_t are the one solution of (2) to (4)",
        margin=margins.best_is_stationary,
    ),
    PublishedStatement(place="Prop. 1(3)", words="profit there is the chain's largest", margin=margins.best_is_best),
    PublishedStatement(
        place="Prop. 2",
        words="the printed p, e_r and e_t are the one equilibrium: no player's own profit has a slope there",
        margin=margins.apart_is_an_equilibrium,
    ),
    PublishedStatement(
        place="Prop. 2",
        words="the four profits are as printed, and the chain's is the sum of the others",
        margin=margins.profits_apart_are_right,
    ),
    PublishedStatement(
        place="Prop. 3",
        words="service and effort apart cannot both be those of the one owner",
        margin=margins.levels_never_meet,
        why="they are at the very m of the paper's proof: e_t = theta Q_n in both models, so equal services mean equal "
        "efforts",
    ),
    PublishedStatement(
        place="Prop. 3",
        words="apart, the chain is not coordinated",
        margin=margins.apart_does_not_coordinate,
    ),
    PublishedStatement(
        place="Prop. 4",
        words="p and e_r as printed are the best answers under the contract, for any share x",
        margin=margins.price_and_service_answer,
    ),
    PublishedStatement(
        place="Prop. 4",
        words="e_t as printed is the enterprise's best answer under the contract",
        margin=margins.effort_answers,
        why="a factor beta is missing and w stands for omega; theta Q_n is the best answer",
    ),
    PublishedStatement(
        place="Prop. 4",
        words="the players' profits as printed add up to the chain's, whatever x, K_1 and K_2 are",
        margin=margins.profits_under_contract_add_up,
    ),
    PublishedStatement(
        place="Prop. 5",
        words="with w = 0 and x as (11) prints it the contract reaches the decisions of the one owner",
        margin=margins.coordinates_as_printed,
        why="as printed x = 1 + e_r^B/e_r^A exceeds 1, and the service would be negative",
    ),
    PublishedStatement(
        place="Prop. 5",
        words="with w = 0 and the sign of (11) corrected it does, and 0 < x < 1",
        margin=margins.coordinates,
    ),
    PublishedStatement(
        place="Prop. 5, (12) and (13)",
        words="the coordinated profits are the parts A, B and 1 - A - B of the one owner's",
        margin=margins.parts_are_right,
    ),
    PublishedStatement(
        place="Prop. 6",
        words="with lump sums inside (14) all three earn more than apart",
        margin=margins.all_gain,
        about=("Fig. 2", "(14)"),
    ),
    PublishedStatement(
        place="Abstract, and (14)",
        words="lump sums as in (14) exist wherever the contract coordinates",
        margin=margins.sums_always_exist,
        why="K_1, K_2 >= 0 is too much to ask where the wholesale price is low: the retailer then gains little by "
        "w = 0 and cannot pay the enterprise, while the manufacturer gains and would have to pay (K_1 < 0)",
        about=("(14)",),
    ),
    PublishedStatement(
        place="Conclusion 1",
        words="the profits of all three can be improved: lump sums of either sign exist",
        margin=margins.chain_gains,
        about=("(14)",),
    ),
    PublishedStatement(
        place="Conclusion 2",
        words="service and effort are higher with one owner than apart, whatever the transfer price",
        margin=margins.levels_are_higher,
        why="a manufacturer that is paid more for a battery than it is worth to the chain gives too much service; then "
        "no share x coordinates either",
    ),
    PublishedStatement(
        place="Conclusion 2",
        words="the manufacturer captures a part of what sales effort earns",
        margin=margins.manufacturer_gains_by_effort,
        why="(5) has no e_t: all of it is the enterprise's, whose effort is lower only because fewer batteries return",
    ),
)
"""Every proposition and conclusion; those that do not hold say why."""
