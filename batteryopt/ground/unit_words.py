"""Units, which stand in the names of columns and keys (``capacity_t``, ``cost_per_t_km``), in words for people."""

from __future__ import annotations

_UNITS = {
    "t": "t",
    "tonnes": "t",
    "kg": "kg",
    "km": "km",
    "kwh": "kWh",
    "deg": "degrees",
    "years": "years",
    "periods": "periods",
    "trips": "trips",
    "people": "people",
    "share": "share, 1 is all",
    "probability": "share, 1 is all",
}
_MONEY = ("cost", "price", "penalty", "budget")
_PER = {"t": "t", "t_km": "t km", "km": "km", "kwh": "kWh", "trip": "trip", "trip_km": "km of a trip", "depot": "site"}


def unit_of(name: str, currency: str = "") -> str:
    """Return the unit that a name ends with; empty for what has none.

    Parameters
    ----------
    currency
        What money is called; by default "money".
    """
    amount, per, of = name.partition("_per_")
    last = amount.rpartition("_")[2]
    unit = (currency or "money") if last in _MONEY else _UNITS.get(last, "")
    if "emission" in amount and last in ("kg", "t"):
        unit += " CO2e"
    if not unit or not per:
        return unit
    of = of.removeprefix("collected_")
    return f"{unit} per {_PER.get(of, of.replace('_', ' '))}"
