"""Which of the players' demands leave no feasible point, found by leaving each out in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from batteryopt.games.coordination.data.instance import Instance
from batteryopt.games.coordination.solution import Solution

Resolve = Callable[[Instance], Solution | None]

_RESERVATIONS = {
    "reservation_profit_manufacturer": "manufacturer",
    "reservation_profit_retailer": "retailer",
    "reservation_profit_echelon": "echelon_enterprise",
}


def explain_infeasible(instance: Instance, resolve: Resolve) -> str:
    """Say which reservation profits cannot be met.

    Parameters
    ----------
    resolve
        Solves the same model of another instance; None where that has no point either.

    Returns
    -------
    str
        One clause for every reservation profit without which there is an answer, with what its player earns there;
        or that several conflict, where no single one is to blame.
    """
    asked = {name: player for name, player in _RESERVATIONS.items() if getattr(instance, name) is not None}
    clauses = []
    for name, player in asked.items():
        found = resolve(instance.replace(**{name: None}))
        if found is not None:
            least = float(np.sum(getattr(instance, name)))
            earned = vars(found.profits)[player]
            clauses.append(f"{name} = {least:g} cannot be met: without it the {_words(player)} earns {earned:.6g}")
    if clauses:
        return "; ".join(clauses)
    if asked:
        return f"no point satisfies {' and '.join(asked)}, and leaving out any one of them does not help"
    return "no point satisfies the sign constraints"


def _words(player: str) -> str:
    return player.replace("_", " ")
