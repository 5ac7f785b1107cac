"""A network whose frontier between cost and tonnes collected is known by hand."""

import dataclasses

import numpy as np

from tests.network.echelon import echelon

PLACES = ((45.2, 5.7), (45.6, 6.0))
POINTS = ((400.0, 10.0), (425.0, 11.25), (450.0, 12.5), (500.0, 15.0), (500.0, 20.0))
"""Cost and tonnes of five points asked for."""


def chain_of_choice():
    """Two towns with 10 t each, 50 km apart; a point opens for 100 or 400 money; leaving a tonne costs 30.

    Cheapest: open the first, and leave the second's 10 t for 300: 400 for 10 t. All 20 t: both points for 500. Between,
    a tonne more costs 20 net, carried for 50 and no longer left for 30, up to 15 t for 500; from there on all 20 t are
    as cheap. At least 15 t, half-way, are thus best with all 20 t; the most for less than 500 is just below 15 t.
    Half-way up to these are 12.5 t for 450, and half-way of the two halves, as wide as each other, 11.25 t for 425.
    """
    network = echelon(np.array([[0.0, 50], [50, 0]]), [10, 10], [100, 400], uncollected=30.0)
    places = zip(network.sites, PLACES, strict=True)
    sites = [dataclasses.replace(site, latitude_deg=north, longitude_deg=east) for site, (north, east) in places]
    return dataclasses.replace(network, sites=tuple(sites))
