"""Sichuan with rounds of lorries: its figures are those of its register, each with where it comes from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from batteryopt.network.data.instance import Network
from batteryopt.network.data.round_figures import round_figures
from batteryopt.network.tables import read

FOLDER = Path(__file__).parents[2] / "data" / "networks" / "china-province-rounds"


@pytest.fixture(scope="module")
def province() -> Network:
    return read(FOLDER)


def test_the_lorry_is_what_the_register_says(province):
    with (FOLDER / "provenance.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["figure"].startswith("rounds: ")]
    assert {row["standing"] for row in rows} == {"assumption", "derived"}
    assert all(row["unit"] and row["note"] for row in rows)
    (lorry,) = (mode for mode in province.modes if mode.visits_per_period is not None)
    of_mode = {
        *(lorry.trip_capacity_t, lorry.vehicle_slots, lorry.visits_per_period, lorry.shift_hours),
        *(lorry.speed_km_per_hour, lorry.stop_minutes),
        *(float(province.profile(p)[0]) for p in (lorry.cost_per_trip, lorry.cost_per_trip_km)),
        float(province.profile(lorry.emission_kg_per_trip_km)[0]),
    }
    slots = {product.slots_per_t for product in province.products if product.name in lorry.products}
    assert {float(row["value"]) for row in rows} == of_mode | slots


def test_a_lorry_is_full_of_boxes_when_it_is_full_of_tonnes(province):
    """15 t of packs of 357 kg are 42 packs: a box each, 2.8 boxes a tonne."""
    (lorry,) = (mode for mode in province.modes if mode.visits_per_period is not None)
    assert lorry.trip_capacity_t == 15
    packs = 15_000 / 357
    assert lorry.vehicle_slots == pytest.approx(packs, rel=1e-3)
    slots = [product.slots_per_t for product in province.products if product.name in lorry.products]
    assert slots == pytest.approx([packs / 15] * len(lorry.products), rel=1e-3)
    assert set(lorry.products) == {row.product for row in province.returns}


def test_who_is_beyond_a_shift_has_no_rounds(province):
    """12 h at 60 km/h with a stop of 45 minutes: 337.5 km out and as many back."""
    (lorry,) = (mode for mode in province.modes if mode.visits_per_period is not None)
    km = np.asarray(province.distances[lorry.distance])
    reached = ~np.isnan(round_figures(province, lorry).rounds[:, :, 0])
    assert (km + km.T)[reached].max() <= 2 * 337.5
    assert reached.sum() > len(km)
