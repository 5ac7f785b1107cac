"""What a rule of collection lets be left where it returned, which a need for facilities need not count."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Terms, plus
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.service import Scope


class MayBeLeft:
    """How much a rule of collection lets be left, in capacity of a type.

    With w the largest weight of its products, whatever is left of them in a region is no more than

        w x (sum of what is left in the rule's places)  <=  w x ((1 - share) x (returns + came back) + short).

    What came back in the region counts there with its own weight on the other side.

    Parameters
    ----------
    number
        Of the rule.
    weights
        Capacity of the type that a tonne of each product takes (products).
    back
        What comes back of earlier sales, anywhere.
    """

    def __init__(self, b: Draft, number: int, weights: Floats, back: Terms) -> None:
        rule = b.network.policy.collection_targets[number]
        codes = b.sets.codes["product"]
        self.scope = Scope(b, rule.group, rule.sharing)
        self.is_product = np.isin(np.arange(len(weights)), [codes[name] for name in rule.products or codes])
        self.weights, self.most = weights, float(weights[self.is_product].max(initial=0.0))
        self.may = 1.0 - b.sets.profiles([rule], "share")[0]
        self.returns = b.reach.returns[:, self.is_product].sum(axis=1)
        short = b.m["short_of_collection"]
        self.short = short.where(short["target"] == number).only("place", "period")
        self.back = back.where(self.scope.mask[back["site"]] & self.is_product[back["product"]])

    def speaks_of(self, left: Terms) -> Bools:
        """Return which terms of what is left it limits."""
        return self.scope.mask[left["site"]] & self.is_product[left["product"]]

    def _sites(self, region: Bools) -> Bools:
        """Return the sites that share what may be left with some of a region."""
        return self.scope.mask & region if self.scope.is_each else self.scope.mask

    def allowed(self, region: Bools, period: int) -> float:
        """Return what may be left of what returns."""
        return self.most * float(self.may[period] * self.returns[self._sites(region), period].sum())

    def beside(self, region: Bools, period: int) -> Terms:
        """Return what may be left besides: what is short, and the part of what comes back that may be left."""
        sites = self._sites(region)
        places = np.append(sites, not self.scope.is_each)
        short = self.short.where((self.short["period"] == period) & places[self.short["place"]]) * self.most
        back = self.back.where((self.back["period"] == period) & sites[self.back["site"]])
        own = self.weights[back["product"]] * region[back["site"]]
        back = back * (self.may[period] * self.most - own)
        return plus(short.only("period"), back.where(back.coefficient > 0).only("period"))
