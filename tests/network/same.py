"""Whether two networks are the same, field by field."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.data.instance import Network


def differences(one: Network, other: Network) -> list[str]:
    """Return the names of the fields in which two networks differ."""
    fields = [field.name for field in dataclasses.fields(Network) if field.name != "distances"]
    found = [name for name in fields if getattr(one, name) != getattr(other, name)]
    same_matrices = one.distances.keys() == other.distances.keys() and all(
        np.array_equal(one.distances[name], other.distances[name], equal_nan=True) for name in one.distances
    )
    return found if same_matrices else [*found, "distances"]
