"""How long packs stay in use: lives by Weibull's law, and the share of a year's packs that returns year by year.

The formula is that of the stock-and-flow literature on batteries at the end of their life: of vehicles registered in a
year, those return at an age that survived the age before and not this one. With a second law for the car, a pack
returns at the first of both ends; lives are taken as independent, so that the chance that both go on is the product.

Source: Weibull, W. (1951), A statistical distribution function of wide applicability, Journal of Applied Mechanics 18,
293-297, for the law; the product of survivals and the renewal by spare packs are elementary probability.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaln

from batteryopt.ground.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]

LOWEST_SHAPE, HIGHEST_SHAPE = 0.2, 200.0
"""Shapes among which one is sought: spreads from 0.6 % to fifteen times the mean, more than any battery has."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """How long something lasts: S(a) = exp(-(a / scale)^shape).

    Attributes
    ----------
    scale_years
        Age at which 63 % have ended.
    shape
        Above 1: it ages; the higher, the more alike are the ages.

    Examples
    --------
    >>> life = Life.of_mean(15.0, 4.0)
    >>> round(life.mean_years, 6), round(life.spread_years, 6)
    (15.0, 4.0)
    """

    scale_years: float
    shape: float

    def __post_init__(self) -> None:
        faults = [
            Fault(place=name, problem=f"is {value:g}", remedy="expected a number above 0")
            for name, value in (("scale", self.scale_years), ("shape", self.shape))
            if not (math.isfinite(value) and value > 0)
        ]
        if faults:
            raise InvalidInput("life", faults)

    @classmethod
    def of_mean(cls, mean_years: float, spread_years: float) -> Life:
        """Return the life with a mean and a standard deviation.

        The shape is that at which the law's coefficient of variation is spread / mean, the scale follows from the mean.

        Raises
        ------
        InvalidInput
            If a number is not above 0, or no shape has so small or large a spread.
        """
        faults = [
            Fault(place=name, problem=f"is {value:g}", remedy="expected a number of years above 0")
            for name, value in (("life", mean_years), ("spread", spread_years))
            if not (math.isfinite(value) and value > 0)
        ]
        if faults:
            raise InvalidInput("life", faults)
        variation = spread_years / mean_years
        most, least = _variation(LOWEST_SHAPE), _variation(HIGHEST_SHAPE)
        if not least <= variation <= most:
            remedy = f"expected {least * mean_years:.2g} to {most * mean_years:.3g} for a life of {mean_years:g} years"
            raise InvalidInput("life", [Fault(place="spread", problem=f"is {spread_years:g}", remedy=remedy)])
        # the coefficient of variation falls strictly in the shape, so there is one root and it lies between the bounds
        logarithm = brentq(
            lambda x: _variation(math.exp(x)) - variation, math.log(LOWEST_SHAPE), math.log(HIGHEST_SHAPE), xtol=1e-14
        )
        shape = math.exp(float(logarithm))
        return cls(scale_years=mean_years / math.gamma(1 + 1 / shape), shape=shape)

    @property
    def mean_years(self) -> float:
        """Mean age at the end."""
        return self.scale_years * math.gamma(1 + 1 / self.shape)

    @property
    def spread_years(self) -> float:
        """Standard deviation of the age at the end."""
        return self.mean_years * _variation(self.shape)

    def survival(self, age_years: Floats) -> Floats:
        """Return the share that is still in use at each age; ages below 0 count as 0."""
        ages = np.maximum(np.asarray(age_years, dtype=float), 0.0)
        with np.errstate(over="ignore"):  # of what is infinitely old nothing is left, and so says the law
            return np.asarray(np.exp(-((ages / self.scale_years) ** self.shape)), dtype=float)


def _variation(shape: float) -> float:
    """Return the standard deviation over the mean; by logarithms, since gamma(1 + 2 / shape) may be huge."""
    return math.sqrt(math.expm1(float(gammaln(1 + 2 / shape) - 2 * gammaln(1 + 1 / shape))))


class Sales(enum.StrEnum):
    """When in their year vehicles are registered."""

    YEAR_END = "year-end"
    """All on its last day: a calendar year later ages 0 to 1 have passed."""
    MID_YEAR = "mid-year"
    """All in its middle, which stands for an even spread: some packs return in the year of registration."""


def returned_shares(
    battery: Life, years: int, *, car: Life | None = None, spares: float = 0.0, sales: Sales = Sales.YEAR_END
) -> Floats:
    r"""Return the packs that return in each year, for each vehicle registered in year 0.

    With ages :math:`e_0 = 0 \le e_1 \le \dots` at the ends of the years and survivals :math:`S_b, S_c` of battery and
    car, :math:`r_j = \sum_{k \le j} n_k [S_b(e_j - e_k) S_c(e_j) - S_b(e_{j+1} - e_k) S_c(e_{j+1})]`, where
    :math:`n_0 = 1` and :math:`n_{j+1}` are the spare packs fitted at the end of year j, a share of the batteries that
    ended in it: weighed by :math:`S_c(e_{j+1})`, the cars that are left to take one. Without spares this is
    :math:`S(e_j) - S(e_{j+1})` with :math:`S = S_b S_c`: the first of both ends.

    Parameters
    ----------
    battery
        How long a battery lasts.
    years
        How many years, that of the registration included.
    car
        How long the car lasts; without it, for ever.
    spares
        Share of failed batteries that are replaced by a new one, as often as it takes; the other cars go with them.
    sales
        When in the year vehicles are registered.

    Returns
    -------
    numpy.ndarray
        (years); its sum is 1 and the spares fitted, less what is still in use.

    Raises
    ------
    InvalidInput
        If `spares` is no share.

    Examples
    --------
    >>> exponential = Life(scale_years=10.0, shape=1.0)
    >>> returned_shares(exponential, 3).round(4).tolist()
    [0.0, 0.0952, 0.0861]
    """
    if not 0 <= spares <= 1:
        raise InvalidInput("spares", [Fault(place="spares", problem=f"is {spares:g}", remedy="expected 0 to 1")])
    ends = _ends_of_years(years, sales)
    cars = np.ones(years + 1) if car is None else car.survival(ends)
    fitted = _fitted(battery, ends, spares)
    return np.array([_ending(battery, ends, fitted, cars, year) for year in range(years)])


def spares_fitted(
    battery: Life, years: int, *, car: Life | None = None, spares: float, sales: Sales = Sales.YEAR_END
) -> Floats:
    """Return the spare packs fitted at the end of each year, for each vehicle registered in year 0 (years).

    Parameters are those of `returned_shares`.
    """
    ends = _ends_of_years(years, sales)
    cars = np.ones(years + 1) if car is None else car.survival(ends)
    return np.asarray(_fitted(battery, ends, spares)[1:] * cars[1:])


def _fitted(battery: Life, ends: Floats, spares: float) -> Floats:
    """Return n, packs fitted at each end of a year, for each car that is still there (years + 1); the first is new."""
    everlasting = np.ones(len(ends))
    fitted = np.zeros(len(ends))
    fitted[0] = 1.0
    for year in range(len(ends) - 1):
        fitted[year + 1] = spares * _ending(battery, ends, fitted, everlasting, year)
    return fitted


def _ending(battery: Life, ends: Floats, fitted: Floats, cars: Floats, year: int) -> float:
    """Return the packs that end in a year: by themselves, or with the cars, whose survival is given."""
    before, after = battery.survival(ends[year : year + 2, None] - ends[: year + 1])
    return float(fitted[: year + 1] @ (before * cars[year] - after * cars[year + 1]))


def _ends_of_years(years: int, sales: Sales) -> Floats:
    """Return ages at the beginning of the first year (0) and at the end of each (years + 1)."""
    shift = 0.0 if sales is Sales.YEAR_END else 0.5
    return np.concatenate([[0.0], np.arange(years) + shift])


def returned(registered: Floats, shares: Floats) -> Floats:
    """Return the packs that return in each year, from vehicles registered in each: R_t = sum over a of N_(t-a) r_a.

    Parameters
    ----------
    registered
        (years, ...): vehicles of each year, from the first that any were registered in.
    shares
        (years): as of `returned_shares`.

    Returns
    -------
    numpy.ndarray
        (years, ...).
    """
    vehicles = np.asarray(registered, dtype=float)
    found = np.zeros_like(vehicles)
    for age in range(min(len(vehicles), len(shares))):
        found[age:] += shares[age] * vehicles[: len(vehicles) - age]
    return found
