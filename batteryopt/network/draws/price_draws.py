"""Futures of prices: what markets pay for each product, in bands that go together more or less."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.draws.drawn import DrawnSource, FanPanel, correlated, lognormal, quoted, spread_of_band
from batteryopt.tables.changes import Change, How


def price_draws(
    network: Network,
    count: int,
    rng: np.random.Generator,
    *,
    band: float,
    bands: Mapping[str, float],
    correlation: float,
) -> DrawnSource:
    """Return draws of the prices of all products that are sold.

    The factor of a product's prices is lognormal with mean 1, the same in all markets and periods of a future; the
    logarithms of two products have the correlation.

    Parameters
    ----------
    band
        Nine of ten factors lie within 1 + band of their median, up or down; `bands` says it for a product.

    Raises
    ------
    InvalidInput
        If no product has a price, or a band is of what is not sold.
    """
    sold = _sold(network)
    faults = [
        Fault(place="--price-band", problem=f"no market has a price of '{name}'", remedy=nearest(name, sold))
        for name in bands
        if name not in sold
    ]
    if not sold:
        remedy = "give markets a price_per_t, or draw something else: --from returns"
        faults.append(Fault(place="--from", problem="no market of this network has a price", remedy=remedy))
    if faults:
        raise InvalidInput(network.name, faults)
    normal = correlated(rng.standard_normal((count, len(sold))), correlation)
    spread = np.array([spread_of_band(bands.get(product, band)) for product in sold])
    factors = lognormal(normal, spread, is_mean_one=True)
    keys = [f"markets[product={quoted(product)}].price_per_t" for product in sold]
    changes = [
        tuple(Change(key=key, how=How.TIMES, value=float(f)) for key, f in zip(keys, row, strict=True))
        for row in factors
    ]
    periods = len(network.periods)
    panels = tuple(
        FanPanel(
            title=f"Price of {product}",
            unit="times the base",
            base=np.ones(periods),
            draws=np.repeat(factors[:, [i]], periods, axis=1),
        )
        for i, product in enumerate(sold)
    )
    return DrawnSource(
        name="prices",
        changes=changes,
        coordinates=factors,
        factors={f"price of {product}": factors[:, i] for i, product in enumerate(sold)},
        panels=panels,
        words=f"prices of {len(sold)} products within {band:.0%} of their median in nine of ten futures, "
        f"correlation {correlation:g}",
    )


def _sold(network: Network) -> list[str]:
    """Return the products that some market has a price for, in the order of the table of products."""
    priced = {m.product for m in network.markets if np.any(network.profile(m.price_per_t) != 0)}
    return [product.name for product in network.products if product.name in priced]
