"""Where the manufacturer's profit has no limit: a direction in which it grows for ever, and nobody may refuse."""

from __future__ import annotations

from batteryopt.games.coordination.data.regions import CoordinationNetwork


def unbounded_transfer_price(network: CoordinationNetwork) -> str | None:
    """Return why a transfer price that the manufacturer sets has no best value; None where it has one.

    The ray. Give services under which some usable batteries come back (any, where they come back by themselves), and
    raise w_t from there for ever, all else of the manufacturer's as it is. The enterprises take all usable batteries
    U = theta sum_r C_r at any price, whatever efforts they answer with, and U depends on the services alone: each unit
    of w_t earns the manufacturer U > 0 more. Without a cap on the price and without a reservation profit of the
    enterprises no constraint of the manufacturer's ever stops it.
    """
    if network.transfer_price_cap is not None or network.reservation_profit_echelon is not None:
        return None
    returns = float(network.own_returns.sum())
    service = 0.0
    if returns == 0.0:
        service = 1.0
        returns = float(sum(network.service_response))
    usable = network.usable_share * returns
    if usable <= 0.0:
        return None
    at = "with no service at all" if service == 0.0 else "with one unit of service in every region"
    return (
        f"the transfer price has no limit: {at}, each unit of it earns the manufacturer {usable:g} more, for the "
        "enterprises must take every usable battery; give them reservation profits (reservation_profit_echelon), or "
        "the price a cap (transfer_price_cap)"
    )
