"""Several objectives one after the other: each keeps what the earlier ones reached."""

from __future__ import annotations

import time
from collections.abc import Sequence

from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.judged_answer import answer
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.solve import GAP
from batteryopt.network.studies.epsilon import LEEWAY, caps_as_rows, largest_term, sign, with_leeway
from batteryopt.solvers.contract.adapter import Options, ProgressListener


def lexicographic(
    network: Network,
    order: Sequence[Objective],
    *,
    gap: float = GAP,
    time_limit: float | None = None,
    threads: int | None = None,
    leeway: float = LEEWAY,
    on_progress: ProgressListener | None = None,
) -> list[NetworkAnswer]:
    """Return one answer for each objective: the best of those that keep all earlier ones at their best.

    Parameters
    ----------
    leeway
        Loss of an earlier objective that is allowed, relative to its largest term or a thousandth of its value.
    time_limit
        Seconds for each.
    """
    m = formulate(network, dict.fromkeys(order, 1.0))
    options = Options(relative_gap=gap, threads=threads, time_limit=time_limit)
    answers: list[NetworkAnswer] = []
    caps: dict[Objective, float] = {}
    for kind in order:
        found = answer(
            network,
            m,
            {kind: 1.0},
            options,
            began=time.monotonic(),
            extra=caps_as_rows(m, caps),
            on_progress=on_progress,
        )
        answers.append(found)
        if found.objective is None:
            break
        caps[kind] = with_leeway(found.objective * sign(kind), largest_term(m, kind), leeway)
    return answers
