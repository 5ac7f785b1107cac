"""The model of the recycling network: an instance in, a formulation out, part by part."""

from __future__ import annotations

from batteryopt.network.data.instance import Network
from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.formulation.balances import add_balances, add_ends
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.facilities import add_facilities
from batteryopt.network.formulation.fresh import add_fresh_limits
from batteryopt.network.formulation.links import add_links
from batteryopt.network.formulation.links_by_recipe import add_links_by_recipe
from batteryopt.network.formulation.policy import add_policy
from batteryopt.network.formulation.processing import add_processing
from batteryopt.network.formulation.product_capacity import product_capacity_is_kept
from batteryopt.network.formulation.reach import make_reach
from batteryopt.network.formulation.service import add_service
from batteryopt.network.formulation.sets import make_sets
from batteryopt.network.formulation.single_source import add_single_source
from batteryopt.network.formulation.storage import add_stock, add_storage_rules
from batteryopt.network.formulation.symmetry import order_equal_sites
from batteryopt.network.formulation.totals import add_totals
from batteryopt.network.formulation.transport import add_transport


def build(network: Network, *, is_tight: bool = True) -> Formulation:
    """Return the formulation of an instance.

    Parameters
    ----------
    is_tight
        False leaves out the cuts and the bounds by reachable mass: the usual form, for comparison.
    """
    sets = make_sets(network)
    m = Formulation(sets.labels, tonne=own_tonne(network))
    b = Draft(network=network, sets=sets, reach=make_reach(sets), m=m, is_tight=is_tight)
    add_facilities(b)
    add_processing(b)
    product_capacity_is_kept(b)
    add_transport(b)
    add_stock(b)
    add_ends(b)
    add_balances(b)
    add_single_source(b)
    add_storage_rules(b)
    add_service(b)
    add_policy(b)
    if is_tight:
        add_links(b)
        add_links_by_recipe(b)
        add_fresh_limits(b)
        add_totals(b)
        order_equal_sites(b)
    return b.m
