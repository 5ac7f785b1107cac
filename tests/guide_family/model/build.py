"""The Pyomo model."""

from __future__ import annotations

import pyomo.environ as pyo

from tests.guide_family.data.instance import SellerInstance


def build(instance: SellerInstance) -> pyo.ConcreteModel:
    """Return the seller's problem: maximise (a - p)(p - c)."""
    m = pyo.ConcreteModel(name=instance.name)
    m.price = pyo.Var(bounds=(0.0, instance.market_size), doc="price of a battery")
    sold = instance.market_size - m.price
    m.profit = pyo.Objective(expr=sold * (m.price - instance.unit_cost), sense=pyo.maximize, doc="the seller's profit")
    return m
