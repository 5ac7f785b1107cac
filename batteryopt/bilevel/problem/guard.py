"""What keeps an ordinary solver from a model with followers.

Pyomo's file writers refuse an unknown active component type by themselves; its direct interfaces (HiGHS, SCIP, the
APPSI family) look at constraints only and would drop the followers unnoticed. So the block that holds a follower
also gets one constraint that cannot be read: every such interface runs into it and says what to do instead. Where
the user has deactivated the followers on purpose, it is inactive too.
"""

from __future__ import annotations

from typing import Any, NoReturn

import pyomo.environ as pyo
from pyomo.core.base.constraint import ScalarConstraint

from batteryopt.ground.errors import UnsupportedModel

GUARD_NAME = "followers_need_bilevel_solve"


class FollowersGuard(ScalarConstraint):
    """A constraint that is active while its block has active followers, and raises when it is read."""

    def __init__(self, follower_type: type) -> None:
        super().__init__(ctype=pyo.Constraint, doc="keeps ordinary solvers from dropping the followers")
        self._follower_type = follower_type

    def construct(self, data: Any = None) -> None:
        """Construct as a constraint that has an entry, so that interfaces come across it."""
        super().construct(data)
        self._data[None] = self

    @property
    def active(self) -> bool:
        """Whether there is a follower to guard."""
        followers = self.parent_block().component_data_objects(self._follower_type, active=True, descend_into=False)
        return any(True for _ in followers)

    def _refuse(self, *_: Any) -> NoReturn:
        raise UnsupportedModel(
            f"'{self.parent_block().name}' has followers: solve it with batteryopt.bilevel.solve(model), "
            "since an ordinary solver would drop them and optimise for the leader alone"
        )

    expr = property(_refuse)
    body = property(_refuse)
    lower = property(_refuse)
    upper = property(_refuse)
    lb = property(_refuse)
    ub = property(_refuse)
    equality = property(_refuse)
    to_bounded_expression = _refuse
    has_lb = _refuse
    has_ub = _refuse

    def _pprint(self) -> Any:
        return [("Size", 1), ("Active", self.active)], {}.items(), (), None

    def display(self, prefix: str = "", ostream: Any = None) -> None:
        """Print nothing: there is no value to show."""


def stand_guard(block: Any, follower_type: type) -> None:
    """Put the guard on a block that holds followers, once."""
    if block is not None and block.component(GUARD_NAME) is None:
        block.add_component(GUARD_NAME, FollowersGuard(follower_type))
