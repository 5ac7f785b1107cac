"""What pages show of its answers."""

from __future__ import annotations

from batteryopt.report.family_view import FamilyView
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table


def tables(saved: Saved) -> dict[str, Table]:
    """Return the price of each model."""
    rows = [(name, answer["price"]) for name, answer in saved.models.items()]
    return {"prices": Table(caption="Price", columns=("model", "price"), rows=rows)}


VIEW = FamilyView(noun="seller", tables=tables)
