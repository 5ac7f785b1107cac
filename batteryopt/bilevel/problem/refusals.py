"""What the engine refuses."""

from __future__ import annotations

from batteryopt.ground.errors import BatteryOptError

THREE_LEVELS = (
    "three levels are not solved. Where the innermost answer does not depend on this follower's decision, put it "
    "beside it on the model, as a follower of its own; where both want the same, put both decisions on one follower; "
    "where they want opposite things and the innermost is linear, write its dual in its place, whose rows and "
    "objective are then this follower's; where its answer is a formula, write that"
)
"""What is said of a follower inside a follower."""
_CHOICE = (
    "a follower who chooses among alternatives decides on integers: write binaries and rows, "
    "which method 'value-function' accepts where they are linear"
)
REMEDIES = {
    **dict.fromkeys(("Disjunction", "Disjunct", "LogicalConstraint", "BooleanVar", "SOSConstraint"), _CHOICE),
    "Complementarity": "on a follower it makes a problem that is not convex: "
    "who answers by such conditions is a follower of its own, beside this one",
}
"""What to do about a component that a follower cannot have, by its type."""
OF_SEVERAL = "where there are several leaders write it as binaries and rows"
"""What to do about the same of a leader that is one of several."""


class UnsupportedFollower(BatteryOptError):
    """The engine cannot replace a follower by its optimality conditions; names the component and the reason."""

    def __init__(self, component: str, reason: str) -> None:
        self.component = component
        self.reason = reason
        super().__init__(f"{component}: {reason}")
