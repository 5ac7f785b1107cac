"""What the plans of a sweep have in common, and what is each one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def plan_parts(plans: Sequence[str]) -> tuple[list[str], Mapping[str, list[str]]]:
    """Return the facilities of all plans, and those of each plan besides, in the order of the plans' own words.

    Parameters
    ----------
    plans
        Facilities with levels and periods, as `plan` of a sweep's rows has them: joined by "; ", empty for none.
    """
    parts = {plan: [part for part in plan.split("; ") if part] for plan in plans}
    shared = set.intersection(*(set(mine) for mine in parts.values())) if parts else set()
    common = [part for part in next(iter(parts.values()), []) if part in shared]
    return common, {plan: [part for part in mine if part not in shared] for plan, mine in parts.items()}
