"""What the engine refuses."""

from __future__ import annotations

from batteryopt.ground.errors import BatteryOptError


class UnsupportedFollower(BatteryOptError):
    """The engine cannot replace a follower by its optimality conditions; names the component and the reason."""

    def __init__(self, component: str, reason: str) -> None:
        self.component = component
        self.reason = reason
        super().__init__(f"{component}: {reason}")
