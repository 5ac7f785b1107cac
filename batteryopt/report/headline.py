"""How sure each answer is: the table that stands with every answer, whatever its family."""

from __future__ import annotations

from batteryopt.report import words
from batteryopt.report.results import Saved
from batteryopt.report.tables import Cell, Table


def status(saved: Saved) -> Table:
    """Return how each answer came about, and what is known of it."""
    rows: list[list[Cell]] = []
    for route, answers in (("optimiser", saved.models), ("formula", saved.closed_form)):
        for name, answer in answers.items():
            checks = answer["certificate"]
            by = "formula" if answer.get("route") == "closed-form" else route
            row: list[Cell] = [f"{words.model(name)}, by {by}", words.STATUS.get(answer["point_status"])]
            row += [answer["objective"], answer["bound"], answer["gap"]]
            rows.append([*row, sum(check["passed"] for check in checks), len(checks), answer["seconds"]])
    columns = ["Answer", "What is held", "Objective", "Bound", "Relative gap", "Checks passed", "Checks", "Seconds"]
    return Table(caption="How sure each answer is", columns=columns, rows=rows)
