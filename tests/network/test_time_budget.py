"""Time shared by several solves, told by a clock that stands still unless it is turned on."""

import pytest

from batteryopt.network.studies.time_budget import LEAST_SECONDS, TimeBudget


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_each_solve_has_its_share_of_what_is_left(clock):
    budget = TimeBudget(60.0, 3, clock=clock)
    assert budget.share() == 20.0
    clock.now += 4.0  # it ended early: 56 s are left for two
    assert budget.share() == 28.0
    clock.now += 28.0
    assert budget.share() == 28.0


def test_what_is_done_around_a_solve_is_set_aside_for_the_next(clock):
    budget = TimeBudget(100.0, 4, clock=clock)
    assert budget.share() == 25.0
    clock.now += 31.0  # of which 6 s for checking and saving
    assert budget.share() == pytest.approx(69.0 / 3 - 6.0)
    clock.now += 17.0 + 6.0
    assert budget.share() == pytest.approx(46.0 / 2 - 6.0)
    clock.now += 17.0 + 6.0
    assert budget.share() == pytest.approx(17.0)  # with 6 s around it, it ends as the 100 s are over


def test_no_solve_begins_that_could_not_end_in_time(clock):
    budget = TimeBudget(10.0, 4, clock=clock)
    budget.share()
    clock.now += 2.5 + 3.0
    assert not budget.is_spent  # 4.5 s are left, and 3 s are spent around a solve
    budget.share()
    clock.now += LEAST_SECONDS + 3.0  # 1.4 s are left
    assert budget.is_spent


def test_time_is_not_spent_where_nothing_is_left_to_do(clock):
    budget = TimeBudget(10.0, 2, clock=clock)
    budget.share()
    budget.expect(0)
    clock.now += 11.0
    assert not budget.is_spent


def test_what_turns_out_to_be_left_to_do_shares_what_is_left(clock):
    budget = TimeBudget(10.0, 2, clock=clock)
    assert budget.share() == 5.0
    clock.now += 4.0
    budget.expect(3)
    assert [budget.share(), budget.share()] == [2.0, 3.0]


def test_without_a_limit_there_is_none(clock):
    budget = TimeBudget(None, 2, clock=clock)
    assert budget.share() is None
    clock.now += 1e6
    assert not budget.is_spent
    assert TimeBudget(None, 2, each=7.0, clock=clock).share() == 7.0
    assert TimeBudget(6.0, 2, each=7.0, clock=clock).share() == 3.0
