"""RELOG's distance: the straight line through the WGS84 ellipsoid, rounded."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.instance import Floats

EQUATOR_KM = 6378.137
"""Half the major axis of the WGS84 ellipsoid."""
FLATTENING = 1 / 298.257223563
"""Flattening of the WGS84 ellipsoid."""


def chord_km(latitude_deg: Floats, longitude_deg: Floats, digits: int) -> Floats:
    """Return distances (n, n) between points on the ellipsoid, through it, rounded to some decimals of a kilometre.

    Source: the Earth-centred coordinates of a point of height 0 on an ellipsoid of revolution.
    """
    latitude, longitude = np.radians(latitude_deg), np.radians(longitude_deg)
    eccentricity_squared = FLATTENING * (2 - FLATTENING)
    normal = EQUATOR_KM / np.sqrt(1 - eccentricity_squared * np.sin(latitude) ** 2)
    points = np.column_stack(
        [
            normal * np.cos(latitude) * np.cos(longitude),
            normal * np.cos(latitude) * np.sin(longitude),
            normal * (1 - eccentricity_squared) * np.sin(latitude),
        ]
    )
    between = points[:, None, :] - points[None, :, :]
    return np.asarray(np.round(np.sqrt((between**2).sum(axis=2)), digits), dtype=float)
