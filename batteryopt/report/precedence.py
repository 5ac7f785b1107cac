"""Whether a saved result is better than a new one that answers the same question, and so is not to be lost to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batteryopt.ground.status import PointStatus

EFFORT = ("solver", "time_limit", "gap", "threads")
"""Options that say how hard to look, and not what for."""
NOTICED = 1e-9
"""Relative difference of two objectives, and difference of two relative gaps, from which on they are told apart: far
below any gap that is asked for, and above what the order of summation changes."""
RANKS = (PointStatus.FEASIBLE, PointStatus.LOCALLY_OPTIMAL, PointStatus.OPTIMAL)

Document = Mapping[str, Any]


def is_better(old: Document, new: Document) -> bool:
    """Return whether a saved ``result.json`` is better than a new one for the same instance.

    Any answer is better than none. Two answers are compared where the same was asked: the same models, objectives,
    facilities kept. A plan whose certificate failed is none.
    """
    try:
        if not _has_any(new):
            return old["kind"] == new["kind"] and _has_any(old)
        if _question(old) != _question(new):
            return False
        if old.get("frontier") is not None:
            return _points(old) > _points(new)
        return any(_is_better(old["models"][name], answer) for name, answer in new["models"].items())
    except (KeyError, TypeError, AttributeError, ValueError):  # written by another version, or by hand
        return False


def _has_any(document: Document) -> bool:
    return any(map(_is_sound, document["models"].values()))


def _question(document: Document) -> Any:
    options = document.get("options") or {}
    asked = {name: value for name, value in options.items() if name not in EFFORT}
    answers = {name: answer.get("minimised") for name, answer in document["models"].items()}
    return document["kind"], asked, answers, document.get("frontier") is None


def _points(document: Document) -> int:
    return len(document["frontier"]["points"])


def _is_better(old: Document, new: Document) -> bool:
    """Return whether one model's old answer is better than its new one."""
    if not _is_sound(old):
        return False
    if not _is_sound(new):
        return True
    if old.get("minimised"):
        return _is_better_plan(old, new)
    return _rank(old) > _rank(new)


def _is_better_plan(old: Document, new: Document) -> bool:
    """Return whether a network's plan is: by its objective, and where that is the same by its proof."""
    sign = -1.0 if tuple(old["minimised"]) == ("collection",) else 1.0
    gain = sign * (new["objective"] - old["objective"])
    least = NOTICED * max(1.0, abs(old["objective"]))
    if abs(gain) > least:
        return bool(gain > 0)
    gaps = [float("inf") if answer["gap"] is None else answer["gap"] for answer in (old, new)]
    return bool(gaps[0] < gaps[1] - NOTICED)


def _is_sound(answer: Document) -> bool:
    return _rank(answer) >= 0 and all(check["passed"] for check in answer["certificate"])


def _rank(answer: Document) -> int:
    status = PointStatus(answer["point_status"])
    return RANKS.index(status) if status in RANKS and answer["objective"] is not None else -1
