"""Solve on a grid, look where the paths bend, cut the grid there, and again."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.model.build import build
from batteryopt.games.differential.model.cap_regimes import below_caps, best_regime
from batteryopt.games.differential.model.cap_switches import LimitArray, WantedInnovation
from batteryopt.games.differential.model.cuts import CutGrid
from batteryopt.games.differential.model.discrete import SOLVER_TOLERANCE, Discrete, OptimizerOptions, solve_discrete
from batteryopt.games.differential.model.mesh import MeshError, estimate, first_grid, is_fast
from batteryopt.games.differential.model.price_switches import WantedPrices
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model, demands, flows
from batteryopt.ground.status import PointStatus, StopReason

MESH_TOLERANCE = 1e-6
"""What the certificate asks of the grid; refinement aims lower."""
COARSE_MESH_TOLERANCE = 1e-3
"""The same where limits on prices give paths kinks, or a limit stopped the refinement.

Where demands or margins must not be negative a kink is not met by an element's end, but eight rounds halve the element
around it to 2^-8. A path of two slopes is off by at most a quarter of what the slopes differ by, times the element's
length; where they differ by all that the path changes by, in an element of the first grid, that is 2^-10. Kinks of
capped innovation and prices are met: see `cap_switches` and `price_switches`.
"""
DEEPEST = SOLVER_TOLERANCE / MESH_TOLERANCE
"""Discount factor below which nothing is asked of the grid. A path that is off by e at a discount factor d leaves d e
in the slope of the present value, and the solver stops when slopes are below its tolerance: what it leaves of e there
is more than what is asked of the grid. What the months beyond can change in the present value `truncation` bounds.
"""
COARSE_DEEPEST = SOLVER_TOLERANCE / COARSE_MESH_TOLERANCE**2
"""The same where inequalities hold: an interior point leaves slack times multiplier at its tolerance, each at the root
of it, so that d e^2 is what it leaves of a path next to its limit."""
SWITCH_ROUNDS = 8
"""Rounds more where prices are capped: the time of a jump and the path before it take turns until both stand."""
TAIL_TOLERANCE = 1e-6
"""What the certificate asks of the last element of an infinite horizon."""


def solve_refined(
    instance: Instance, model: Model, options: OptimizerOptions, *, is_draft: bool = False, **terms: Any
) -> tuple[Discrete, MeshError | None]:
    """Solve on ever finer grids until the estimated error is below the tolerance, or a limit stops it.

    Parameters
    ----------
    is_draft
        Whether the answer is only where another search begins: the engine judges none of its rounds then.
    terms
        `share` or `bargain`, for a contract.
    """
    search = _Search(instance=instance, model=model, options=options, terms=terms)
    last, error = _refined(search, instance, options, is_draft=is_draft)
    return within_caps(instance, last), error


def _refined(
    search: _Search, instance: Instance, options: OptimizerOptions, *, is_draft: bool
) -> tuple[Discrete, MeshError | None]:
    fixed = tuple(t for t in instance.credit_price_times or () if t > 0.0)
    cut = CutGrid(grid=first_grid(instance, options.degree), fixed=fixed)
    last: Discrete | None = None
    error: MeshError | None = None
    for number in range(_rounds(instance, options) + 1):
        try:
            latest = search.on(cut, last, is_draft=is_draft or _is_first_of_many(instance, options, number))
        except KeyboardInterrupt:
            if last is None:
                raise
            return stopped(last, StopReason.INTERRUPTED), error
        if latest.trajectory is None:
            return (latest, None) if last is None else (stopped(last, latest.stop_reason), error)
        last, error = latest, estimated(instance, latest)
        finer = search.next_cut(cut, latest.trajectory, error)
        if finer is cut or finer.grid.elements > options.elements:
            break
        if search.is_over:
            return stopped(last, StopReason.TIME_LIMIT), error
        cut = finer
    assert last is not None  # there is always a first round
    return (last if is_draft else search.seen_by_engine(last)), error


def _rounds(instance: Instance, options: OptimizerOptions) -> int:
    """Return the most refinements: prices that jump take rounds of their own until elements meet there."""
    return options.rounds + (SWITCH_ROUNDS if options.rounds and instance.price_caps is not None else 0)


def _is_first_of_many(instance: Instance, options: OptimizerOptions, number: int) -> bool:
    """Whether a round's grid is likely to be cut again, so that the engine need not judge what is found on it.

    Smooth paths need two grids, and one where the discount rate shaped it; kinks of prices need all that there are.
    """
    if number == _rounds(instance, options):
        return False
    return instance.constrains_prices() or (number == 0 and not (is_fast(instance) and not instance.constrains_paths()))


class _Search:
    """One model of one instance, solved on one grid after the other until its time is over."""

    def __init__(self, instance: Instance, model: Model, options: OptimizerOptions, terms: dict[str, Any]) -> None:
        self._instance, self._model, self._options, self._terms = instance, model, options, terms
        limit = options.time_limit
        self._deadline = None if limit is None else time.perf_counter() + limit

    @property
    def is_over(self) -> bool:
        return self._deadline is not None and time.perf_counter() > self._deadline

    def on(self, cut: CutGrid, last: Discrete | None, *, is_draft: bool) -> Discrete:
        """Solve on a grid, from the last round; the first round looks for the best regime of price caps, too."""
        start = self._uncapped(cut.grid) if last is None else self._priced(cut, last)
        found = self._solve(cut.grid, start, cut.limits, is_draft=is_draft)
        if last is not None:
            return found

        def solve_from(plan: Trajectory) -> Discrete:
            return self._solve(plan.grid, replace(found, trajectory=plan), is_draft=found.is_draft)

        return best_regime(self._instance, self._model, found, solve_from, self._deadline)

    def _uncapped(self, grid: TimeGrid) -> Discrete | None:
        """Return the game without its price caps where followers have them, its prices down to the caps.

        From nothing, a follower at its cap every month takes the engine longer than all else.
        """
        caps = self._instance.price_caps
        if caps is None or self._model is Model.INTEGRATED:
            return None
        m = build(self._instance.replace(price_caps=None), self._model, grid, **self._terms)
        left = seconds_left(self._deadline)
        free = solve_discrete(m, self._model, self._options, time_limit=left, is_draft=True)
        return None if free.trajectory is None else replace(free, trajectory=below_caps(free.trajectory, caps))

    def _priced(self, cut: CutGrid, last: Discrete) -> Discrete:
        """Return the last round on the next grid, where prices are capped with the best prices for its efficiency.

        Between its nodes, prices that jump are the swing of a polynomial, and tell nothing of what binds.
        """
        assert last.trajectory is not None
        wanted = WantedPrices.by(self._instance, self._model, last.trajectory, deepest_asked(self._instance))
        return last if wanted is None else replace(last, trajectory=wanted.start_on(cut.grid, cut.kinks, cut.ways))

    def next_cut(self, cut: CutGrid, path: Trajectory, error: MeshError) -> CutGrid:
        """Return the grid of the next round: the same where this one does."""
        tolerance, deepest = _refinement(self._instance, self._options)
        wanted = WantedInnovation.by(self._instance, self._model, path, deepest) or WantedPrices.by(
            self._instance, self._model, path, deepest
        )
        return cut.finer(error, wanted, tolerance, tail_tolerance=TAIL_TOLERANCE, deepest=deepest)

    def seen_by_engine(self, last: Discrete) -> Discrete:
        """Return the last round with the engine's certificate: rounds whose grid was cut again go without it.

        A limit may come before that: then nothing more is claimed of the draft than that it is feasible.
        """
        if not last.is_draft:
            return last
        assert last.trajectory is not None
        try:
            again = self._solve(last.trajectory.grid, last, last.limits, is_draft=False)
        except KeyboardInterrupt:
            return stopped(last, StopReason.INTERRUPTED)
        return stopped(last, again.stop_reason) if again.trajectory is None else again

    def _solve(
        self, grid: TimeGrid, start: Discrete | None, limits: LimitArray | None = None, *, is_draft: bool
    ) -> Discrete:
        m = build(self._instance, self._model, grid, limits=limits, **self._terms)
        left = seconds_left(self._deadline)
        return solve_discrete(m, self._model, self._options, start=start, time_limit=left, is_draft=is_draft)


def within_caps(instance: Instance, discrete: Discrete) -> Discrete:
    """Return a solve with innovation put back between its limits.

    Where it was left free it oversteps them by what the kinks' times are off, at most; where a limit stopped the
    search these may be off by more, and more is forgiven. Beyond, the constraints' check sees it.
    """
    if instance.innovation_caps is None or discrete.trajectory is None:
        return discrete
    path, caps = discrete.trajectory, np.array(instance.innovation_caps)
    inside = np.clip(path.innovation, 0.0, caps)
    forgiven = COARSE_MESH_TOLERANCE if discrete.stop_reason.is_limit else MESH_TOLERANCE
    is_close = np.abs(path.innovation - inside).max() <= forgiven * caps.max()
    return replace(discrete, trajectory=replace(path, innovation=inside)) if is_close else discrete


def stopped(discrete: Discrete, reason: StopReason) -> Discrete:
    """Return a solve as the best that there was when a limit stopped the refinement; it claims less then."""
    if not reason.is_limit:
        return discrete
    return replace(discrete, stop_reason=reason, point_status=PointStatus.FEASIBLE)


def _refinement(instance: Instance, options: OptimizerOptions) -> tuple[float, float]:
    """Return the tolerance of refinement, and the discount factor below which the last element is left as it is.

    Late months weigh next to nothing: inequalities leave them to the solver's own tolerance, and where months are
    discounted fast even double precision does not determine them. Nothing is gained by cutting them finer.
    """
    default = 1e-5 if instance.constrains_prices() else 1e-7
    return default if options.mesh_tolerance is None else options.mesh_tolerance, deepest_asked(instance)


def mesh_tolerance_of(instance: Instance, *, is_stopped: bool) -> float:
    """Return what the certificate asks of the grid; `is_stopped` says that a limit stopped its refinement."""
    return COARSE_MESH_TOLERANCE if is_stopped or instance.constrains_prices() else MESH_TOLERANCE


def deepest_asked(instance: Instance) -> float:
    """Return the discount factor below which months are left as they are, by refinement and certificate."""
    return COARSE_DEEPEST if instance.constrains_prices() else DEEPEST


def seconds_left(deadline: float | None) -> float | None:
    """Return what is left until a deadline, by `time.perf_counter`: a moment, at least."""
    return None if deadline is None else max(0.1, deadline - time.perf_counter())


def estimated(instance: Instance, discrete: Discrete) -> MeshError:
    """Return the estimated errors of a solve."""
    assert discrete.trajectory is not None
    moments = discrete.trajectory.at_nodes()
    flow = flows(instance, moments, discrete.share).supply_chain
    return estimate(discrete.trajectory, flow, demands(instance.matrices(), moments))
