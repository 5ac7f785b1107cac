"""The network's formulation in mathematics: a formula for each equation and cost term, beside its name in the model."""

from __future__ import annotations

from collections.abc import Sequence

from docs.generate.parts import Kind, Part, cell

SYMBOLS = (
    ("i, j", "sites"),
    ("k", "type of facility; a facility is a type at a site"),
    (r"\ell", "level of a type, from 1; a step is the difference to the level below, and level 0 is nothing"),
    ("r", "recipe"),
    ("p", "product"),
    ("m", "mode of transport"),
    (r"t, \tau", "period, from 1 to $T$; period 0 is what there is to begin with"),
    ("z", "place of a rule: a site of its group, or all of them together"),
    (r"y_{ik\ell t}", "`is_open`: whether the step stands, or how much of it where sizes lie between levels"),
    (r"a_{ik\ell t}, c_{ik\ell t}, e_{ik\ell t}", "`raised`, `closed`, `kept` to the end: of a step, in a period"),
    (r"f_{ik\ell t}", "`is_full`: whether a step between two levels is used up"),
    (r"x_{ikrt}, x_{ik\ell t}", "`processed` by a recipe, and `at_level`, the same by level, t"),
    ("q_{ijmpt}, n_{ijmt}", "`shipped`, t, and `trips`"),
    ("s_{ikpt}", "`stock` at the end of a period, t"),
    ("v_{ipt}, d_{ipt}, u_{ipt}", "`sold`, `disposed`, `uncollected`, t"),
    ("g_{ijpt}, g_{ijmpt}, h_{ipt}", "`goes_to`, `goes_to_by_mode`, `stays`: the one destination of a place's goods"),
    (r"\kappa_{it}", "`is_covered`: whether a zone has service near"),
    ("o^-, o^+", "what a rule is missed by: `missing_…` and `short_of_…`, or `beyond_…`"),
    ("b_t", "`subsidy_paid` from a limited pot"),
    (r"\delta_t", "today's value of money of a period"),
    (
        r"\Delta K_{k\ell t}, \Delta K_{k\ell p}, \Delta \underline{K}_{k\ell t}, \Delta S_{k\ell}",
        "capacity (in all, of a product), least throughput and storage of a step, t",
    ),
    ("g_r, A_{rp}, B_{rp}", "capacity that a tonne takes; tonnes of a product used and made by a tonne processed"),
    ("R_{ipt}, C_{ipt}", "returns, t; and what comes back of earlier sales, a sum of shares of $v$"),
    ("O_{ipt}", "what a site has of its own, t: see below"),
    ("Q_m, N_m", "tonnes that a vehicle carries; trips that the vehicles of a depot have time for"),
    ("M", "the most that can be there, t: from returns, recipes and lanes, by place, product and period"),
    (r"F_{ik\ell t}, G_{ik\ell t}, H_{ik\ell t}", "price of raising a step; of its standing; of closing it"),
    ("X_{zt}", "the quantity that a limit or a subsidy counts"),
    ("E_t", "emissions of a period, t CO2e: linear in all variables"),
)
"""Symbols and what they stand for; variables with their names in the model."""

OWN = r"O_{ipt} = R_{ipt} + C_{ipt} + \sum_{k,r} B_{rp} x_{ikrt} + \sum_k s_{ikp,t-1}"

EQUATIONS = {
    "size_changes_by_steps": r"y_{ik\ell t} = y_{ik\ell,t-1} + a_{ik\ell t} - c_{ik\ell t}",
    "larger_needs_smaller": r"y_{ik,\ell+1,t} \le y_{ik\ell t}",
    "full_step_is_there": r"f_{ik\ell t} \le y_{ik\ell t}",
    "next_step_needs_a_full_one": r"y_{ik,\ell+1,t} \le f_{ik\ell t}",
    "closes_what_stands": r"c_{ik\ell t} \le y_{ik\ell,t-1}",
    "closed_is_not_open": r"c_{ik\ell t} + y_{ik\ell t} \le 1",
    "closes_as_a_whole": r"c_{ik\ell t} \le c_{ik1t}",
    "opens_once": r"\sum_t a_{ik1t} \le 1 - \min(1, y_{ik10})",
    "kept_was_raised": r"e_{ik\ell t} \le a_{ik\ell t}",
    "kept_stands_at_the_end": r"\sum_t e_{ik\ell t} \le y_{ik\ell T}",
    "product_capacity_is_kept": r"\sum_r A_{rp} x_{ikrt} \le \sum_\ell \Delta K_{k\ell p} \, y_{ik\ell t}",
    "capacity_is_kept": r"\sum_r g_r x_{ikrt} \le \sum_\ell \Delta K_{k\ell t} \, y_{ik\ell t}",
    "processing_needs_a_facility": r"\sum_r g_r x_{ikrt} \le M_{ikt} \, y_{ik1t}",
    "least_throughput_is_reached": r"\sum_r g_r x_{ikrt} \ge \sum_\ell \Delta \underline{K}_{k\ell t} \, y_{ik\ell t}",
    "every_tonne_has_a_level": r"\sum_\ell x_{ik\ell t} = \sum_r x_{ikrt}",
    "level_is_the_one_that_stands": r"x_{ik\ell t} \le M_{ik\ell t} \, (y_{ik\ell t} - y_{ik,\ell+1,t})",
    "trips_carry_the_load": r"\sum_p q_{ijmpt} \le Q_m n_{ijmt}",
    "one_destination": r"\sum_j g_{ijpt} + h_{ipt} \le 1",
    "goes_only_there": r"\sum_m q_{ijmpt} \le M_{ijpt} \, g_{ijpt}",
    "is_taken_here_only_if_it_stays": (
        r"\sum_{k,r} A_{rp} x_{ikrt} + v_{ipt} + d_{ipt} - \sum_{j,m} q_{jimpt} \le M_{ipt} \, h_{ipt}"
    ),
    "one_destination_by_mode": r"\sum_j g_{ijmpt} \le 1",
    "goes_only_there_by_mode": r"q_{ijmpt} \le M_{ijpt} \, g_{ijmpt}",
    "lanes_are_wide_enough": r"\sum_{m,p} q_{ijmpt} \le \bar{q}_{ijt}",
    "depots_have_the_vehicles": r"\sum_i \left( n_{ijmt} \ \text{or} \ \tfrac{1}{Q_m} \sum_p q_{ijmpt} \right) \le N_m",
    "markets_get_their_least": r"v_{ipt} + o^-_{ipt} \ge \underline{v}_{ipt}",
    "disposal_needs_a_facility": r"d_{ipt} \le M_{ipt} \, y_{ik1t}",
    "every_node_is_in_balance": (
        r"O_{ipt} + \sum_{j,m} q_{jimpt} = \sum_{j,m} q_{ijmpt} + \sum_{k,r} A_{rp} x_{ikrt} "
        r"+ v_{ipt} + d_{ipt} + u_{ipt} + \sum_k s_{ikpt}"
    ),
    "what_is_sent_is_own": r"\sum_{j,m} q_{ijmpt} + u_{ipt} \le O_{ipt}",
    "stock_needs_a_facility": r"s_{ikpt} \le \bar{s}_{ikpt} \, y_{ik1t}",
    "store_is_large_enough": r"\sum_p s_{ikpt} \le \sum_\ell \Delta S_{k\ell} \, y_{ik\ell t}",
    "nothing_stays_too_long": (
        r"\sum_{k:\,\text{stay} \le \sigma} s_{ikpt} \le \sum_{\tau=t+1}^{t+\sigma} \Big( \sum_{j,m} q_{ijmp\tau} "
        r"+ \sum_{k,r} A_{rp} x_{ikr\tau} + v_{ip\tau} + d_{ip\tau} \Big)"
    ),
    "enough_is_collected": (
        r"\sum_{i \in z} \sum_p (R_{ipt} + C_{ipt} - u_{ipt}) + o^-_{zt} "
        r"\ge \alpha_t \sum_{i \in z} \sum_p (R_{ipt} + C_{ipt})"
    ),
    "covered_has_service_near": (
        r"\kappa_{it} \le \sum_{(j,k)\,\text{near}\,i} y_{jk1t} + \tfrac{1}{V} \sum_{j,\,m\,\text{mobile}} n_{ijmt}"
    ),
    "enough_is_covered": (
        r"\sum_{i \in z} \sum_p R_{ipt} \kappa_{it} + o^-_{zt} \ge \alpha_t \sum_{i \in z} \sum_p R_{ipt}"
    ),
    "limits_are_reached": r"X_{zt} + o^-_{zt} \ge \underline{X}_t",
    "limits_are_kept": r"X_{zt} - o^+_{zt} \le \bar{X}_t",
    "emissions_are_capped": r"E_t - o^+_t \le \bar{E}_t \qquad \sum_t E_t - o^+ \le \bar{E}",
    "budget_is_kept": r"\sum_{i,k,\ell} F_{ik\ell t} \, a_{ik\ell t} - o^+_t \le \bar{F}_t",
    "subsidy_is_due": r"b_t \le \rho_t X_t",
    "what_is_sent_needs_a_taker": (
        r"\sum_m q_{ijmpt} \le \min(M^{\text{own}}_{ipt}, M^{\text{in}}_{jpt}) \sum_{k\,\text{takes}\,p} y_{jk1t}"
    ),
    "what_is_kept_needs_a_taker": (
        r"\sum_{j,m} q_{ijmpt} + u_{ipt} \ge R_{ipt} \Big( 1 - \sum_{k\,\text{takes}\,p} y_{ik1t} \Big)"
    ),
    "what_is_made_needs_a_taker": (
        r"O_{ipt} - \sum_{j,m} q_{ijmpt} - v_{ipt} - d_{ipt} - u_{ipt} "
        r"\le \min(M^{\text{own}}_{ipt}, M^{\text{in}}_{ipt}) \sum_{k\,\text{takes}\,p} y_{ik1t}"
    ),
    "what_one_recipe_sends_needs_a_taker": (
        r"\sum_m q_{ijmpt} \le O_{ipt} - B_{rp} x_{ikrt} "
        r"+ \min(M_{ikrt} B_{rp}, M^{\text{in}}_{jpt}) \sum_{k'\,\text{takes}\,p} y_{jk'1t}"
    ),
    "what_one_recipe_keeps_needs_a_taker": (
        r"B_{rp} x_{ikrt} - \sum_{j,m} q_{ijmpt} - v_{ipt} - d_{ipt} - u_{ipt} "
        r"\le \min(M_{ikrt} B_{rp}, M^{\text{in}}_{ipt}) \sum_{k'\,\text{takes}\,p} y_{ik'1t}"
    ),
    "fresh_mass_needs_a_size": (
        r"\sum_r g_r x_{ikrt} \le \sum_{\ell' < \ell} \Delta K_{k\ell' t} \, y_{ik\ell' t} + "
        r"\Big( M^{\text{fresh}}_{ikt} - \sum_{\ell' < \ell} \Delta K_{k\ell' t} \Big) "
        r"\, (y_{ik\ell t} \ \text{or} \ f_{ik,\ell-1,t}) + \sum_{j,k',p} w_{kp} s_{jk'p,t-1}"
    ),
    "whole_sizes_cover_the_need": (
        r"\sum_{i \in S} \sum_\ell a_\ell \, (y_{ik\ell t} - y_{ik,\ell+1,t}) + \frac{b}{D_{kSt}} \Big( "
        r"\sum_{i \in S} \sum_p w_{kp} \big( v_{ipt} + d_{ipt} + u_{ipt} + \sum_{k'} s_{ik'pt} "
        r"+ \sum_{j \notin S,\, m} q_{ijmpt} \big) + \dots \Big) \ge 1"
    ),
    "rounds_end_at_a_depot": r"n_{ijmt} \le M_{ijmt} \sum_{k\,\text{takes}\,m} y_{jk1t}",
    "only_what_returned_is_left": r"u_{ipt} \le R_{ipt} + C_{ipt}",
    "shrinks_where_it_stands": r"a_{ik\ell t} \ge -y_{ik1t}",
    "kept_of_what_shrinks_stands": r"e_{ik\ell t} \le y_{ik1T}",
    "burden_is_kept": r"e_{ik\ell t} \ge a_{ik\ell t} - 1 + y_{ik1T}",
    "twins_open_in_order": r"\sum_t y_{jk1t} \le \sum_t y_{ik1t}",
}
"""Each family of rows; over what it is stated, and its meaning, are read off the model."""

SOMETIMES = {
    "shrinks_where_it_stands": "only what still stands is refunded for shrinking",
    "kept_of_what_shrinks_stands": "what was raised and shrank again has no salvage in a facility that was closed",
    "burden_is_kept": "what was earned by opening is taken off again at the end, if the facility stands then",
    "what_one_recipe_sends_needs_a_taker": (
        "where several recipes make a product at a site: beyond what else the site has, a lane carries what one of "
        "them makes only towards something that takes it (a cut: it only tightens)"
    ),
    "what_one_recipe_keeps_needs_a_taker": (
        "where several recipes make a product at a site: what one of them makes leaves the site, unless something "
        "stands there that takes it (a cut: it only tightens)"
    ),
    "twins_open_in_order": "of two equal sites the first opens first; left out where anything tells them apart",
}
"""Equations that the example does not have, in words."""

TERMS = {
    "acquisition": r"\sum_{i,p,t} \delta_t \pi_{ipt} (R_{ipt} + C_{ipt} - u_{ipt})",
    "opening": r"\sum_{i,k,\ell,t} \delta_t F_{ik\ell t} \, a_{ik\ell t}",
    "closing": r"\sum_{i,k,\ell,t} \delta_t H_{ik\ell t} \, c_{ik\ell t}",
    "fixed": r"\sum_{i,k,\ell,t} \delta_t G_{ik\ell t} \, y_{ik\ell t}",
    "variable": (
        r"\sum_{i,k,t} \delta_t \Big( \sum_r \text{cost}_{ikrt} \, x_{ikrt} "
        r"+ \sum_\ell \text{cost}_{ik\ell t} \, x_{ik\ell t} \Big)"
    ),
    "transport": (
        r"\sum_{i,j,m,t} \delta_t \Big( \sum_p \text{freight}_{ijmpt} \, q_{ijmpt} "
        r"+ \text{trip}_{ijmt} \, n_{ijmt} \Big)"
    ),
    "holding": r"\sum_{i,k,p,t} \delta_t \, \text{cost}_{ikpt} \, s_{ikpt}",
    "disposal": r"\sum_{i,p,t} \delta_t \, \text{cost}_{ipt} \, d_{ipt}",
    "uncollected": r"\sum_{i,p,t} \delta_t \, \text{cost}_{pt} \, u_{ipt}",
    "carbon": r"\sum_t \delta_t \, \text{price}_t \, E_t",
    "penalties": r"\sum_{z,t} \delta_t \, \text{penalty} \, (o^-_{zt} + o^+_{zt})",
    "revenue": r"-\sum_{i,p,t} \delta_t \, \text{price}_{ipt} \, v_{ipt}",
    "subsidy": r"-\sum_t \delta_t \, (\rho_t X_t \ \text{or} \ b_t)",
    "salvage": (
        r"-\delta_T^{\text{end}} \sum_{i,k,\ell,t} \text{left}_{kt} \, F_{ik\ell t} \, "
        r"(a_{ik\ell t} \ \text{or} \ e_{ik\ell t})"
    ),
}
"""Each cost term."""


def mathematics(parts: Sequence[Part]) -> str:
    """Return the symbols, and every equation and cost term of the model with its formula.

    Raises
    ------
    ValueError
        If an equation or a term has no formula.
    """
    equations = [part for part in parts if part.kind is Kind.CONSTRAINT]
    terms = [part for part in parts if part.kind is Kind.OBJECTIVE]
    missing = [part.name for part in equations if part.name not in EQUATIONS]
    missing += [part.name for part in terms if part.name not in TERMS]
    if missing:
        raise ValueError(f"give these a formula in docs/generate/network_math.py: {', '.join(missing)}")
    lines = ["## Symbols", "", "| symbol | meaning |", "| --- | --- |"]
    lines += [f"| ${symbol}$ | {meaning} |" for symbol, meaning in SYMBOLS]
    lines += ["", "What a site has of its own in a period:", "", f"$$ {OWN} $$", "", "## Equations in mathematics", ""]
    for part in equations:
        lines += _entry(part.name, f"{cell(part.doc)}; for every {', '.join(part.over)}", EQUATIONS[part.name])
    lines += ["These stand where a network has what they are about:", ""]
    for name, meaning in SOMETIMES.items():
        lines += _entry(name, meaning, EQUATIONS[name])
    lines += ["## Cost terms in mathematics", "", "They sum to what is minimised, the net present cost.", ""]
    for part in terms:
        lines += _entry(part.name, cell(part.doc), TERMS[part.name])
    return "\n".join(lines)


def _entry(name: str, meaning: str, formula: str) -> list[str]:
    return [f"**`{name}`**: {meaning}", "", f"$$ {formula} $$", ""]
