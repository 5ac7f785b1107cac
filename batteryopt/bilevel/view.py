"""What notebooks show of a bilevel answer; no pictures, for the engine does not know what its variables mean."""

from __future__ import annotations

from batteryopt.report.family_view import FamilyView
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table


def tables(saved: Saved) -> dict[str, Table]:
    """Return the values of the variables and the multipliers of the followers' constraints."""
    answer = saved.models["bilevel"]
    titles = {"values": ("Variables at the point", "Variable"), "multipliers": ("Followers' multipliers", "Constraint")}
    return {
        "variables" if key == "values" else key: Table(
            caption=caption,
            columns=[what, "Value"],
            rows=[[name, value] for name, value in answer[key].items()],
            digits=6,
        )
        for key, (caption, what) in titles.items()
    }


VIEW = FamilyView(noun="leader and followers", tables=tables)
