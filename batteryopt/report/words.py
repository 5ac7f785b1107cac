"""What certificates, statuses and models mean, in words for people who do not write optimisation models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODELS = {
    "centralized": "Centralised",
    "decentralized": "Decentralised",
    "contract": "Contract",
    "decentralized-wholesale": "Decentralised, wholesale price chosen",
    "decentralized-transfer": "Decentralised, transfer price chosen",
    "integrated": "Integrated",
    "design": "Plan",
}
ACRONYMS = ("lfp", "ncm", "nmc", "nca", "lmo", "lto", "co2")
STATUS = {
    "optimal": "proven optimal",
    "locally-optimal": "optimal among nearby answers",
    "feasible": "feasible, not proven optimal",
    "unknown": "not certified: a check failed",
    "none": "no answer",
}
_CLAIMS = {
    "feasible": "Every constraint holds.",
    "profits-sum-to-chain": "The players' profits add up to the chain's, computed apart.",
    "mesh-error": "Between the points of the time grid the paths are accurate.",
    "truncation": "What lies beyond the end of the grid does not matter.",
    "efficiency-follows-innovation": "Simulated anew from the innovation, the efficiency follows the reported path.",
    "maximum-condition": "At every moment, innovation is the leader's best given what efficiency is worth.",
    "hjb": "Along the path, value and income are in balance (Hamilton, Jacobi and Bellman's equation).",
    "leader-deviation": "No random change of the leader's plan that was tried earns it more.",
    "contract-terms": "Wholesale prices are what the contract says.",
    "share-range": "At each end of the range of shares, one player has just what it has without the contract.",
    "no-table-has-negative-entries": "No tonnes are negative.",
    "every-node-is-in-balance": "At every site, what comes equals what goes or stays, for every product and period.",
    "nothing-is-passed-on": "Nothing is passed on without being worked on or stored.",
    "collection-within-returns": "No more is collected than comes back.",
    "facilities-have-legal-careers": "Facilities open, grow and close only as the instance allows.",
    "capacity-and-throughput": "No facility works beyond its capacity, or below its least throughput.",
    "capacity-of-each-product": "No facility uses more of a product than its size takes of that product.",
    "stock-is-safe": "No stock exceeds its safety limit.",
    "nothing-stays-too-long": "Nothing is stored longer than allowed.",
    "lanes-exist-and-carry-it": "Everything travels on lanes that exist, by modes that may carry it so far.",
    "trips-carry-the-load": "There are trips enough for every load.",
    "one-destination-a-place": "What must go whole goes to one destination, or stays where it is.",
    "visits-carry-the-load": "Rounds take no more from a place than their visits can carry away.",
    "rounds-end-at-a-depot": "Every round of a mobile station ends where a facility stands that takes its load.",
    "no-row-stands-twice": "No decision stands in the plan's tables more than once.",
    "levels-are-those-of-the-capacity": "Every facility is of a size that exists, and named for it.",
    "markets-and-disposals-take-it": "Markets and disposal sites take no more than they can.",
    "hard-rules-hold": "Every hard rule of policy holds.",
    "objective-recomputed": "The objective, recomputed from the tables alone, is what the model says.",
    "bound-below-the-objective": "The bound does not contradict the plan.",
    "bound-holds-against-a-wider-model": "A model without cuts or bounds of its own found no plan beyond the bound.",
    "bound-from-duals-below-the-objective": "A bound from dual prices alone does not contradict the plan.",
}
_BEGINNINGS = {
    "stationarity-": "To first order, {} cannot improve its own decisions.",
    "best-response-": "No other decision that was tried earns {} more.",
    "agreement-": "Formula and optimiser agree on {}.",
    "gains-": "With fair lump sums, {} is better off than without the contract.",
    "present-value-": "Simulated anew, the present value of {} is what is reported.",
    "point-not-beyond-the-bound-of-": "The plan is on the right side of the proven bound of its {}.",
    "point-keeps-": "The limit held on the way is kept: {}.",
    "rule-": "Your own rule holds: {}.",
    "engine-": "The game's optimality conditions hold in the optimiser's own model: {}.",
}
_PLAYERS = ("manufacturer", "retailer", "echelon enterprise", "supply chain")


def claim(name: str) -> str:
    """Return what a check of this name claims, as a sentence."""
    if name in _CLAIMS:
        return _CLAIMS[name]
    for beginning, sentence in _BEGINNINGS.items():
        if name.startswith(beginning):
            rest = name.removeprefix(beginning).replace("-", " ")
            is_player = rest in _PLAYERS or rest.startswith("retailer")
            return sentence.format(f"the {rest}" if is_player else rest)
    return name.replace("-", " ").capitalize() + "."


def model(name: str) -> str:
    """Return a model's name for headings."""
    return MODELS.get(name, words(name))


def words(name: str) -> str:
    """Return an identifier as words that begin with a capital."""
    parts = name.replace("_", " ").replace("-", " ").split(" ")
    text = " ".join(part.upper() if part in ACRONYMS else part for part in parts)
    return text[:1].upper() + text[1:]


def verdict(answer: Mapping[str, Any]) -> str:
    """Return in a sentence what is held and how far it may be from the best."""
    status = STATUS.get(answer["point_status"], answer["point_status"])
    if answer["objective"] is None:
        return f"No answer: {answer.get('reason') or answer['stop_reason']}."
    gap, money = answer.get("gap"), _money(answer)
    if gap is None and not money:
        return f"{status.capitalize()}; no global bound is known for this model."
    other = f"no other answer{_held(answer.get('held') or {})}"
    if gap is None:
        return f"{status.capitalize()}: {other} can be better by more than {money}."
    if gap <= 1e-6:
        return f"{status.capitalize()}: {other} can be better by more than a millionth."
    if answer["point_status"] == "optimal":
        status = "optimal within the gap asked for"
    return f"{status.capitalize()}: {other} can be better by more than {gap:.2%}{f', {money}' if money else ''}."


def _money(answer: Mapping[str, Any]) -> str:
    """Return a gap in money beside the money that moves, which the difference of costs and revenues says nothing of."""
    gap, share = answer.get("gap_money"), answer.get("gap_of_gross")
    if gap is None or share is None:
        return ""
    digits = ",.0f" if gap >= 1e5 else ",.6g"  # never in powers of ten
    return f"{gap:{digits}} {answer.get('currency') or 'of money'} or {share:.2%} of the money that moves"


def _held(limits: Mapping[str, float]) -> str:
    """Return the limits within which an answer is the best, as of a plan on a frontier."""
    sides = [f"{name} at {'least' if name == 'collection' else 'most'} {limit:,.6g}" for name, limit in limits.items()]
    return f" with {' and '.join(sides)}" if sides else ""
