"""A quick plan for all futures from the extensive form without its cuts: sizes grow where many futures need them."""

from __future__ import annotations

import dataclasses

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.extensive_form import Extensive
from batteryopt.network.search.relaxation import Relaxation
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.search.start import dive
from batteryopt.solvers.contract.adapter import Options


def dived(form: Extensive, costs: Costs, options: Options, flag: InterruptFlag, deadline: float) -> list[Floats]:
    """Return points, one a future, with one first stage; none where the dive ends nowhere, or not in time.

    Parameters
    ----------
    costs
        Of the extensive form.
    deadline
        By the monotonic clock.
    """
    problem = make_problem(form.m, costs)
    plain = dataclasses.replace(options, time_limit=None)
    relaxation = Relaxation(problem, plain, flag)
    relaxation.begin(deadline)
    x = dive(relaxation, deadline)
    if x is None:
        return []
    outside = problem.units.outside(x)
    return [form.of_part(outside, s) for s in range(len(form.parts))]
