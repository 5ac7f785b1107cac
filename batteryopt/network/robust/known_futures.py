"""Futures of the set that plans are made for: formulations, what each costs at least, and all of them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.extensive_form import join
from batteryopt.network.futures.first_stage import FIRST_STAGE, FOLLOWS
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.risk_measure import Risk, minimised
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.futures.search_together import SearchTogether
from batteryopt.network.robust.deviations import Move, Moves, moved, name_of
from batteryopt.network.search.searched_problem import dual_bound, make_problem
from batteryopt.solvers.contract.adapter import Options, ProgressListener
from batteryopt.solvers.highs.highs_arrays import solve_arrays

WORST = Risk(alpha=1.0, weight=1.0)


def _range(m: Formulation) -> tuple[float, float]:
    """Return the least and the largest cost that the bounds of a formulation's variables allow."""
    costs = weighted(m, WEIGHTS)
    ends = [np.zeros(m.size), np.zeros(m.size)]
    for family in m.families.values():
        ends[0][family.positions], ends[1][family.positions] = family.lower, family.upper
    used = costs.vector != 0
    both = np.array([costs.vector[used] * end[used] for end in ends]).reshape(2, -1)
    return costs.constant + float(both.min(axis=0).sum()), costs.constant + float(both.max(axis=0).sum())


class PlansForTheWorst(SearchTogether):
    """The search for the plan whose worst of a few futures is best; all of the time is its own."""

    own_shares: ClassVar[Mapping[str, float]] = {"all": 1.0}
    times_larger: ClassVar[float] = 5.0
    """Few futures, of which the worst counts: there the extensive form is ahead of rows of costs for longer."""


class KnownFutures:
    """Futures by the order in which they became known; what is planned is the first.

    Attributes
    ----------
    choices, names, networks, forms
        Of each.
    active
        Numbers of those that plans are made for: a future that is never the worst one only makes programs larger.
    """

    def __init__(self, network: Network, moves: Sequence[Move]) -> None:
        self._network, self._moves = network, tuple(moves)
        self.choices: list[Moves] = []
        self.names: list[str] = []
        self.networks: list[Network] = []
        self.forms: list[Formulation] = []
        self.active: list[int] = []
        self._by_cuts: SearchByCuts | None = None
        self._is_alone = False
        self.add(frozenset())
        self._is_alone = True

    def add(self, choice: Moves) -> bool:
        """Take a future among those that plans are made for; return whether it was none of them."""
        if choice not in self.choices:
            network = moved(self._network, self._moves, [float(i in choice) for i in range(len(self._moves))])
            self.choices.append(choice)
            self.names.append(name_of(self._moves, choice))
            self.networks.append(network)
            self.forms.append(formulate(network, WEIGHTS))
        number = self.choices.index(choice)
        if self._is_alone and number:  # what is planned was there because some future must be
            self.active, self._is_alone = [], False
        if number in self.active:
            return False
        self.active.append(number)
        return True

    @property
    def count(self) -> int:
        """How many are known."""
        return len(self.choices)

    @property
    def active_forms(self) -> list[Formulation]:
        """Formulations of those that plans are made for."""
        return [self.forms[i] for i in self.active]

    def relaxed(self, options: Options) -> tuple[float, Floats] | None:
        """Return a bound of the best worst case that duals prove, and values of a formulation; None if not in time.

        The linear relaxation of all that plans are made for.
        """
        forms = self.active_forms
        lowest, most = self.ranges()
        if not np.isfinite([*lowest, most]).all():  # then the variable of the worst has no bounds to prove by
            return None
        form = join(forms, self._shares, self._active_names, first_stage=FIRST_STAGE, follows=FOLLOWS)
        costs = [weighted(m, WEIGHTS) for m in forms]
        problem = make_problem(form.m, minimised(form, costs, WORST, lowest, most))
        whole = problem.with_cuts()
        found = solve_arrays(whole.relaxed(), dataclasses.replace(options, relative_gap=0.0, absolute_gap=0.0))
        if found.x is None or found.row_duals is None:
            return None
        return dual_bound(whole, found.row_duals) * problem.money, form.of_part(problem.units.outside(found.x), 0)

    def ranges(self) -> tuple[list[float], float]:
        """Return below what no plan of each active future is, and above what none of any is, by bounds of variables."""
        ranges = [_range(m) for m in self.active_forms]
        return [low for low, _ in ranges], max(high for _, high in ranges)

    def search(self, options: Options, flag: InterruptFlag, told: ProgressListener) -> PlansForTheWorst:
        """Return the search for their plan."""
        pairs = zip(self._active_names, [self.networks[i] for i in self.active], self._shares, strict=True)
        futures = [Future(name=name, probability=share, network=network) for name, network, share in pairs]
        search = PlansForTheWorst(
            futures, WORST, options, flag, announce=lambda _: None, on_progress=told, forms=self.active_forms
        )
        search.by_cuts = self._by_cuts  # rows of a future's cost hold whatever other futures are known
        return search

    def learn(self, search: PlansForTheWorst) -> None:
        """Keep what a search has learnt of single futures."""
        self._by_cuts = search.by_cuts

    @property
    def _active_names(self) -> list[str]:
        return [self.names[i] for i in self.active]

    @property
    def _shares(self) -> list[float]:
        return [1.0 / len(self.active)] * len(self.active)
