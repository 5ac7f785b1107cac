"""Solving a network: an instance in, a checked plan with a proven bound out."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.earlier import EarlierFacilities, start_of
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.outside import wider
from batteryopt.solvers.contract.adapter import Adapter, Capability, Options, ProgressListener

if TYPE_CHECKING:
    from batteryopt.network.formulation.added import Added, RuleFunction

GAP = 1e-4
"""Relative gap at which a plan is good enough, unless asked otherwise."""


def solve(
    network: Network,
    *,
    objective: Objective | Mapping[Objective, float] = Objective.COST,
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    iterations: int | None = None,
    threads: int | None = None,
    facilities: Solution | None = None,
    start: Solution | EarlierFacilities | None = None,
    is_tight: bool = True,
    rules: RuleFunction | None = None,
    solver: str | None = None,
    on_progress: ProgressListener | None = None,
) -> NetworkAnswer:
    """Return the best plan of a network, with a proven bound and a certificate.

    Parameters
    ----------
    objective
        What to minimise (collection: maximise), or weights of several. Where cost is not among them nothing would
        keep the soft rules, so that they are made hard.
    gap
        Relative gap at which to stop; 0 for exact answers. `GAP` unless one is asked for.
    gap_money
        Stop when no plan can be better by more than this, in the network's currency: beside `gap` where both are
        given, else instead of it. Of an objective without cost it says nothing.
    time_limit
        Seconds; the best plan by then is returned with its bound.
    iterations
        Steps: of prices, searches around a plan, nodes of trees. The plan after so many is returned, the same one each
        time where no time limit ends the search sooner and there is one thread.
    facilities
        A plan whose facilities are kept as they are: only the flows are decided.
    start
        An earlier plan to begin from, also of another network with the same names, as far as its facilities fit. The
        first progress says whether they do; where they do not it is as if there were none.
    is_tight
        False leaves out cuts and reachable-mass bounds, for comparison.
    rules
        A function that is given the network's Pyomo model without its equations, and adds rules and variables of its
        own to it; or fixes what is decided. The plan keeps them, and the certificate says so.
    solver
        Another solver than HiGHS for the tree: any name of `batteryopt.solvers.get`. It is given the whole problem
        with all cuts at once, and the bound is the one that it reports; HiGHS still solves the relaxation, whose duals
        give a second bound.
    on_progress
        Told of better plans and bounds.

    Raises
    ------
    InvalidInput
        If the network has several futures, or the rules cannot be added: with all faults, by the names in them.
    SolverUnavailable
        If the solver is not known or not installed.
    UnsupportedModel
        If the solver cannot take whole numbers, or an option.
    """
    began = time.monotonic()
    network = network.only_future
    adapter = tree_searcher(network, solver)
    weights = {objective: 1.0} if isinstance(objective, Objective) else dict(objective)
    m = tryable(network, weights, facilities=facilities, is_tight=is_tight)
    added = None if rules is None else with_rules(network, m, rules)
    relative, absolute = gaps(gap, gap_money if Objective.COST in weights else None)
    options = Options(relative_gap=relative, absolute_gap=absolute, threads=threads, time_limit=time_limit)
    options = dataclasses.replace(options, iteration_limit=iterations)
    earlier = start_of(network, start) if isinstance(start, Solution) else start
    found, x = answer_with_point(
        network, m, weights, options, began=began, earlier=earlier, adapter=adapter, on_progress=on_progress
    )
    return found if added is None or x is None else with_added(found, added, x)


def gaps(gap: float | None, gap_money: float | None) -> tuple[float, float]:
    """Return the relative and the absolute gap at which to stop, whichever comes first, of what was asked for."""
    if gap is None:
        gap = GAP if gap_money is None else 0.0
    return gap, gap_money or 0.0


def tryable(
    network: Network, weights: Mapping[Objective, float], *, facilities: Solution | None = None, is_tight: bool = True
) -> Formulation:
    """Return the formulation for an objective, with the wider one that its bound is tried against from outside."""
    m = formulate(network, weights, facilities=facilities, is_tight=is_tight)
    if is_tight:
        m.wider = functools.cache(lambda: wider(network, weights, facilities))
    return m


def tree_searcher(network: Network, name: str | None) -> Adapter | None:
    """Return the adapter of a solver that takes whole numbers; None for HiGHS, which is called on arrays."""
    if name in (None, "highs"):
        return None
    from batteryopt.solvers import get  # the register of all solvers, of which most networks need none

    adapter = get(str(name))
    adapter.require(Capability.INTEGER, network.name)
    return adapter


def with_rules(network: Network, m: Formulation, rules: RuleFunction) -> Added:
    """Return the user's rules, which are from now on among those of the formulation."""
    from batteryopt.network.formulation.added import add_rules  # Pyomo stays away from whoever has no rules

    added = add_rules(network, m, rules)
    m.wider = None  # a plan of the wider form need not keep the user's rules, and would accuse the bound falsely
    return added


def with_added(answer: NetworkAnswer, added: Added, x: Floats) -> NetworkAnswer:
    """Return an answer with the values of the user's variables, and whether the user's rules hold."""
    added.put(x)
    return dataclasses.replace(answer, extras=added.values(), certificate=answer.certificate + added.checks())
