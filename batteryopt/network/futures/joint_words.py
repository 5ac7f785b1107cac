"""What it would be worth to know more, as sentences: the same on the screen and on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def worth_knowing(
    evpi_within: Sequence[float] | None,
    vss: float | None,
    vss_within: Sequence[float] | None,
    *,
    is_kept: bool,
    shown: Callable[[float], str],
) -> list[str]:
    """Return what knowing the future, and planning for all of it, is worth.

    Parameters
    ----------
    evpi_within, vss_within
        Least and most of the value of perfect information, and of what the plan for the mean future costs more.
    vss
        That cost with the plans that were found.
    is_kept
        Whether facilities were given, so that there is no plan for the mean to compare.
    shown
        Writes an amount of money.
    """
    found = []
    if evpi_within is not None:
        found.append(f"Knowing the future first would save at most {shown(max(0.0, evpi_within[1]))}.")
    if vss is not None and vss_within is not None:
        found.append(_of_the_mean(vss, vss_within[1], shown))
    elif not is_kept:
        found.append("The plan for the mean of the futures cannot keep the hard rules of all of them.")
    return found


def of_the_sample(sampling: Mapping[str, Any], shown: Callable[[float], str]) -> str:
    """Return what replications of the sample say of the plan."""
    low, high = sampling["optimum"]
    begins = (
        f"The futures are a sample: by {sampling['replications']} more of {sampling['futures']} futures each, drawn "
        f"from {sampling['drawn_from']}, "
    )
    if sampling["plan"] is None:
        return (
            f"{begins}the true optimum is above {shown(low)} ({sampling['confidence']:.0%}); in {sampling['broken']} "
            "of them this plan cannot keep the hard rules of some future: with a penalty they would have a price."
        )
    least, most = sampling["plan"]
    return (
        f"{begins}the true optimum is between {shown(low)} and {shown(high)}, this plan truly costs {shown(least)} to "
        f"{shown(most)}, and is at most {shown(max(0.0, sampling['gap_at_most']))} dearer than the best "
        f"({sampling['confidence']:.0%} each)."
    )


def _of_the_mean(value: float, most: float, shown: Callable[[float], str]) -> str:
    if value <= 0 and most <= 0:
        return "Planning for the mean of the futures costs no more."
    known = f"Planning for the mean of the futures costs {shown(max(0.0, value))} more"
    return known + ("." if most <= value else f", or up to {shown(most)}.")
