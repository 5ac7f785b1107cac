"""Trips beyond what the load needs: no plan drives them of itself, and a user's rule may ask for them."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Formulation

MOST_TRIPS = 1e4
"""Trips of a lane in a period that a rule may ask for where the load needs fewer: one an hour for more than a year."""


def open_to_rules(m: Formulation, named: Bools | None = None) -> None:
    """Drop what holds for one of several equal plans only, and let trips be more than the load needs.

    How many vehicles a depot has time for stays a row of its own.

    Parameters
    ----------
    named
        Which of the model's columns rules speak of; None for all.
    """
    m.drop_choices()
    family = m.families["trips"]
    mine = np.ones(len(family), dtype=bool) if named is None else named[family.positions]
    upper = np.where(mine, np.maximum(family.upper, MOST_TRIPS), family.upper)
    m.families["trips"] = dataclasses.replace(family, upper=upper)
    _open_depots(m, mine)


def _open_depots(m: Formulation, mine: Bools) -> None:
    """Let so many rounds end at an open depot: its row allows as many as the load needs, times whether it stands."""
    rows, family = m.rows.get("rounds_end_at_a_depot"), m.families["trips"]
    if rows is None:
        return
    is_trip = rows.of(family)
    is_named = np.zeros(len(rows), dtype=bool)
    is_named[rows.row[is_trip][mine[rows.variable[is_trip] - family.first]]] = True
    is_depot = (rows.coefficient < 0) & is_named[rows.row]
    wider = np.where(is_depot, np.minimum(rows.coefficient, -MOST_TRIPS), rows.coefficient)
    m.rows[rows.name] = dataclasses.replace(rows, coefficient=wider)
