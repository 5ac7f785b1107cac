"""How futures were drawn: what `batteryopt futures` was asked for, kept beside them, so that more can be drawn."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.draws.disruption_draws import disruption_draws
from batteryopt.network.draws.made_futures import SOURCES, Sampler
from batteryopt.network.draws.price_draws import price_draws
from batteryopt.network.draws.returns_draws import FleetBands, registered_draws, volume_draws
from batteryopt.network.fleet.fleet_returns import Fleet
from batteryopt.network.fleet.registrations import read_registrations
from batteryopt.network.fleet.survival import Life, Sales

FILE = "futures.json"
"""Of the folder of a network whose futures were drawn."""


@dataclass(frozen=True, kw_only=True)
class FuturesRecipe:
    """What is drawn, and how.

    Attributes
    ----------
    sources
        Of `SOURCES`.
    registrations
        Table of vehicles, for returns by the survival model; None: around those of the tables.
    battery, car
        Weibull scale and shape of the lives; None for the car: it lasts for ever.
    spares, sales, kg_per_pack, shares, growth
        As in `Fleet`.
    life_band, use_band, returns_band, growth_band, price_band, price_bands
        How wide, as a share of the median, up or down; nine of ten draws lie within.
    correlation
        Between products.
    chance, lasts, types, is_regional
        Of disruptions, as in `disruption_draws`.
    """

    sources: tuple[str, ...]
    registrations: str | None = None
    battery: tuple[float, float] = (0.0, 0.0)
    car: tuple[float, float] | None = None
    spares: float = 0.0
    sales: str = Sales.YEAR_END.value
    kg_per_pack: float | None = None
    shares: Mapping[str, float] | None = None
    growth: float | None = None
    life_band: float = 0.15
    use_band: float = 0.1
    returns_band: float = 0.3
    growth_band: float = 0.05
    price_band: float = 0.3
    price_bands: Mapping[str, float] = dataclasses.field(default_factory=dict)
    correlation: float = 0.5
    chance: float = 0.1
    lasts: int = 1
    types: tuple[str, ...] = ()
    is_regional: bool = False

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise InvalidInput("futures", faults)

    def _faults(self) -> Iterator[Fault]:
        for name in self.sources:
            if name not in SOURCES:
                yield Fault(place="--from", problem=f"'{name}' is unknown", remedy=nearest(name, SOURCES))
        for name in ("life_band", "use_band", "returns_band", "growth_band", "price_band"):
            band = getattr(self, name)
            if not (math.isfinite(band) and band >= 0):
                place = f"--{name.replace('_', '-')}"
                yield Fault(place=place, problem=f"is {band:g}", remedy="expected at least 0; 0.3 is 30 % up or down")
        if not 0 <= self.correlation < 1:
            remedy = "expected at least 0 and below 1"
            yield Fault(place="--correlation", problem=f"is {self.correlation:g}", remedy=remedy)
        if not 0 <= self.chance <= 1:
            yield Fault(place="--chance", problem=f"is {self.chance:g}", remedy="expected 0 to 1")
        if self.lasts < 1:
            yield Fault(place="--lasts", problem=f"is {self.lasts}", remedy="expected at least 1 period")

    def samplers(self) -> dict[str, Sampler]:
        """Return a sampler for each source; the table of registrations is read.

        Raises
        ------
        InvalidInput
            With what is wrong in the table, or with the fleet.
        """
        found: dict[str, Sampler] = {
            "returns": self._fleet() if self._is_registered else self._volumes(),
            "prices": functools.partial(
                price_draws, band=self.price_band, bands=self.price_bands, correlation=self.correlation
            ),
            "disruptions": functools.partial(
                disruption_draws,
                chance=self.chance,
                lasts=self.lasts,
                types=self.types,
                is_regional=self.is_regional,
            ),
        }
        return {name: found[name] for name in self.sources}

    @property
    def _is_registered(self) -> bool:
        return self.registrations is not None and "returns" in self.sources

    def _volumes(self) -> Sampler:
        return functools.partial(
            volume_draws, band=self.returns_band, growth_band=self.growth_band, correlation=self.correlation
        )

    def _fleet(self) -> Sampler:
        assert self.registrations is not None
        scale, shape = self.battery
        fleet = Fleet(
            battery=Life(scale_years=scale, shape=shape),
            car=None if self.car is None else Life(scale_years=self.car[0], shape=self.car[1]),
            spares=self.spares,
            sales=Sales(self.sales),
            kg_per_pack=self.kg_per_pack,
            shares=self.shares,
            growth=self.growth,
        )
        table = read_registrations(Path(self.registrations))
        bands = FleetBands(life=self.life_band, use=self.use_band, growth=self.growth_band)
        return lambda network, count, rng: registered_draws(network, table, fleet, count, rng, bands=bands)

    def to_json(self, **more: Any) -> str:
        """Return the recipe as the text of its file."""
        document = {"written_by": "batteryopt futures", **more, **dataclasses.asdict(self)}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def recipe_at(network: Path) -> FuturesRecipe | None:
    """Return how the futures of a network's folder were drawn; None where no recipe lies there.

    Raises
    ------
    InvalidInput
        If it is no recipe of ours.
    """
    folder = network if network.is_dir() else network.parent
    place = folder / FILE
    if network.suffix == ".xlsx" or not place.is_file():
        return None
    try:
        document = json.loads(place.read_text(encoding="utf-8"))
        names = {field.name for field in dataclasses.fields(FuturesRecipe)}
        given: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in document.items() if name in names
        }
        return FuturesRecipe(**given)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        remedy = "delete it, and the table of futures itself is what is drawn from; or draw them anew"
        fault = Fault(place=FILE, problem="does not say how futures were drawn", remedy=remedy)
        raise InvalidInput(str(place), [fault]) from error
