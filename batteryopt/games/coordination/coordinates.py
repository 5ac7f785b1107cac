"""Whether the best terms of a contract make the players decide as one owner would: judged part by part."""

from __future__ import annotations

import math

from batteryopt.games.coordination.data.parts_of_the_game import GameMarket
from batteryopt.games.coordination.model.optimizer import Optimum, PartFound
from batteryopt.ground.certificate import Certificate

COORDINATION_TOLERANCE = 1e-9
"""A contract coordinates a part if the part's chain earns what it does for one owner, but for this share of the part's
own money. What is lost grows with the square of how far decisions are off: they are within some 3e-5 of the owner's."""
LEAST_SHARE = 1e-6
"""A cost share nearer to 0 or 1 than this is not one that a contract could be about."""


def why_no_contract(best: Optimum, central: Optimum, certificate: Certificate) -> str | None:
    """Return why the best terms found do not coordinate, or None where they do.

    Parameters
    ----------
    best, central
        The contract with the best terms, and one owner's decisions.
    certificate
        What the check says of the former: where it finds that the chain could gain, it is not coordinated.
    """
    if central.solution is None:
        return "the centralised model has no solution to coordinate towards"
    assert best.solution is not None
    x = best.solution.cost_share
    for ours, theirs in zip(best.parts, central.parts, strict=True):
        shortfall = theirs.objective - ours.objective
        if shortfall > COORDINATION_TOLERANCE * theirs.gross:
            return (
                f"no contract coordinates: with the best terms (x = {x:.6g}) the chain earns {ours.objective:.6g} on "
                f"{_words(ours)}, which is {shortfall:.4g} short of the centralised {theirs.objective:.6g}"
            )
    batteries = next(part for part in best.parts if part.part.market is GameMarket.BATTERIES)
    if batteries.values["recycling_service"].max() <= LEAST_SHARE * math.sqrt(2 * batteries.gross):
        return "no contract shares a cost here: no service is given, and wholesale prices alone coordinate the rest"
    if not LEAST_SHARE < x < 1 - LEAST_SHARE:
        return f"no contract coordinates: it would need the cost share x = {x:.6g}, outside 0 < x < 1"
    failed = [check for check in certificate.failures if check.name.endswith("supply-chain")]
    if failed:
        return (
            f"no contract coordinates: with the best terms (x = {x:.6g}) the chain could still gain "
            f"({failed[0].name}: {failed[0].residual:.2g})"
        )
    return None


def _words(found: PartFound) -> str:
    if found.part.market is GameMarket.BATTERIES:
        return "batteries"
    regions = ", ".join(map(str, found.part.regions[:6])) + (", ..." if len(found.part.regions) > 6 else "")
    return "vehicles" if found.part.regions == (0,) else f"vehicles of the regions {regions}"
