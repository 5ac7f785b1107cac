"""Sites and rounds in turns: what rounds really cost corrects what a plan expects, until the two agree.

Sites are chosen with an estimate, the rounds of that plan are planned, and what each place's rounds cost beside what
was expected corrects the estimate: on the lane from the place to its depot, and on all others of the mode by what the
mode was wrong in all. The pair with the least real cost is kept; rounds are no better than their planner, so that the
real cost is one that can be had, and no bound.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.interrupt import interrupts_heard
from batteryopt.network.data.flows import Lane
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.rounds.rounds_answer import RoundsAnswer, costs_by_place
from batteryopt.network.rounds.rounds_of_plan import rounds_of
from batteryopt.network.rounds.vehicle_routing import RoundEffort

AGREED = 0.01
"""Estimate and rounds are as near as this, of what rounds cost."""
MOST_TURNS = 5
SAME = 1e-9
"""Relative; what sums of money are apart by rounding."""
SHARE_OF_ROUNDS = 0.4
"""Of a time limit, for planning rounds; the rest is for choosing sites."""
SMALLEST_FACTOR, LARGEST_FACTOR = 0.05, 20.0
"""What an estimate is corrected by at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundTurn:
    """A plan and its rounds.

    Attributes
    ----------
    network
        With the estimate that the plan was made by.
    """

    network: Network
    answer: NetworkAnswer
    rounds: RoundsAnswer

    @property
    def expected(self) -> float:
        """What the plan reckoned with for rounds, present value."""
        return self.rounds.present_value("expected")

    @property
    def cost(self) -> float:
        """What rounds cost, present value."""
        return self.rounds.present_value("cost")

    @property
    def total(self) -> float:
        """The plan's cost with its rounds in place of what it expected of them."""
        return float(self.answer.objective or 0.0) - self.expected + self.cost

    @property
    def disagreement(self) -> float:
        """How far the two are apart, of what rounds cost."""
        return abs(self.expected - self.cost) / max(abs(self.cost), 1e-300) if self.expected or self.cost else 0.0

    @property
    def is_whole(self) -> bool:
        """Whether every task has its rounds."""
        return not self.rounds.unplanned

    def to_json(self) -> dict[str, float]:
        """Return plain data."""
        return {
            "objective": float(self.answer.objective or 0.0),
            "expected": self.expected,
            "cost": self.cost,
            "total": self.total,
            "disagreement": self.disagreement,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class AgreedRounds:
    """All turns, and the best of them; `failed` is the answer of a turn without a plan, where that is the first."""

    turns: tuple[RoundTurn, ...]
    failed: NetworkAnswer | None = None

    @property
    def best(self) -> RoundTurn | None:
        """The turn whose plan and rounds together cost least, of those with rounds for everything where there are.

        Of turns that cost the same it is the last, whose estimate knows the rounds of those before.
        """
        whole = [turn for turn in self.turns if turn.is_whole] or list(self.turns)
        least = min((turn.total for turn in whole), default=0.0)
        return next((turn for turn in reversed(whole) if turn.total <= least + SAME * abs(least)), None)

    @property
    def has_agreed(self) -> bool:
        """Whether the last turn's estimate and rounds are near enough."""
        return bool(self.turns) and self.turns[-1].disagreement <= AGREED


def solve_with_rounds(
    network: Network,
    solve: Callable[..., NetworkAnswer],
    *,
    time_limit: float | None = None,
    effort: RoundEffort | None = None,
    most_turns: int = MOST_TURNS,
    jobs: int = 1,
    announce: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> AgreedRounds:
    """Return plans and their rounds, in turns until they agree.

    Parameters
    ----------
    solve
        Gives the plan of a network, with options as `batteryopt.network.solve.solve` has them.
    time_limit
        Of everything together.
    effort
        Of the rounds of one turn.

    Raises
    ------
    InvalidInput
        If no mode makes rounds, or PyVRP is not installed.
    """
    until = None if time_limit is None else time.monotonic() + time_limit
    turns: list[RoundTurn] = []
    heard, options_now = interrupts_heard(), dict(options)
    while len(turns) < most_turns:
        if turns and (_is_over(until) or interrupts_heard() > heard):
            break
        left = None if until is None else max(1.0, (until - time.monotonic()) / max(1, min(2, most_turns - len(turns))))
        limit = None if left is None else (1 - SHARE_OF_ROUNDS) * left
        announce(f"turn {len(turns) + 1}: choosing sites")
        answer = solve(network, time_limit=limit, **options_now)
        if answer.solution is None:
            return AgreedRounds(turns=tuple(turns), failed=None if turns else answer)
        given = effort or RoundEffort()
        if given.seconds is None and given.iterations is None and left is not None:
            given = dataclasses.replace(given, seconds=SHARE_OF_ROUNDS * left)
        plan = answer.solution
        rounds = rounds_of(network, plan.shipped, plan.facilities, effort=given, jobs=jobs, on_progress=announce)
        turn = RoundTurn(network=network, answer=answer, rounds=rounds)
        turns.append(turn)
        announce(
            f"turn {len(turns)}: rounds cost {turn.cost:,.0f}, expected {turn.expected:,.0f}; in all {turn.total:,.0f}"
        )
        if turn.disagreement <= AGREED or not turn.is_whole:
            break
        network = corrected(network, rounds)
        options_now = options | {"start": plan}
    return AgreedRounds(turns=tuple(turns))


def _is_over(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until


def corrected(network: Network, rounds: RoundsAnswer) -> Network:
    """Return the network whose estimates of rounds are corrected by what they cost."""
    costs = costs_by_place(rounds.planned)
    wrong = {mode.name: _ratio(costs, mode.name) for mode in network.modes}
    modes = tuple(
        dataclasses.replace(mode, round_factor=_within(mode.round_factor * wrong[mode.name])) for mode in network.modes
    )
    rows = {(lane.origin, lane.destination, lane.mode): lane for lane in network.lanes}
    for (mode, place, depot), (expected, cost) in costs.items():
        general = rows.get((place, depot, ""))
        lane = rows.get((place, depot, mode)) or Lane(origin=place, destination=depot, mode=mode)
        is_closed = general is not None and not general.is_allowed and (place, depot, mode) not in rows
        if expected > 0 and not is_closed:
            own = general.round_factor if general is not None and lane.round_factor == 1.0 else lane.round_factor
            factor = _within(own * cost / expected / wrong[mode])
            rows[place, depot, mode] = dataclasses.replace(lane, round_factor=factor)
    return network.replace(modes=modes, lanes=tuple(rows.values()))


def _ratio(costs: Mapping[tuple[str, str, str], tuple[float, float]], mode: str) -> float:
    """Return by what a mode's estimates were wrong in all."""
    mine = [pair for key, pair in costs.items() if key[0] == mode]
    expected = sum(was for was, _ in mine)
    return sum(cost for _, cost in mine) / expected if expected > 0 else 1.0


def _within(factor: float) -> float:
    return min(max(factor, SMALLEST_FACTOR), LARGEST_FACTOR)
