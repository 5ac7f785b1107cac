"""Named what-ifs: what packs cost, metals' prices, policy, how long batteries last."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.instance import NamedChange
from batteryopt.tables.changes import How
from germany_build import chain
from germany_build import figures as f

Floats = npt.NDArray[np.float64]
AT_HOME = "lithium recovered at home"
SUBSIDY = "for each tonne taken back"
FREE = "free for packs of cars"
"""Name of the size of what stands."""
PAID = "returns[product={}].acquisition_cost_per_t"
PRICE = "markets[product={}].price_per_t"


def what_ifs(years: tuple[int, ...], tonnes: dict[str, Floats]) -> tuple[NamedChange, ...]:
    """Return the what-ifs of the network, whose country returns so many tonnes by product (years)."""
    ncm, lfp = PAID.format(chain.pack(chain.NCM)), PAID.format(chain.pack(chain.LFP))
    black_mass = PRICE.format(chain.black_mass(chain.NCM))
    penalty = "collection_targets.penalty_per_t"
    return (
        _set("no target", penalty, 0),
        _set("double penalty", penalty, 2 * f.PENALTY),
        *(change for rate in (200, 300) for change in _subsidy(rate, penalty)),
        _set("deposit instead of target", penalty, 0),
        NamedChange(
            name="deposit instead of target", key="returns.acquisition_cost_per_t", change=How.PLUS, value="-300"
        ),
        _set("dear packs", ncm, 1_500),
        _set("dear packs", lfp, 0),
        _set("gate fees as before 2024", ncm, -500),
        _set("gate fees as before 2024", lfp, -1_500),
        _set("packs for nothing", ncm, 0),
        _set("packs for nothing", lfp, 0),
        _times("payables as in Asia", black_mass, 0.7 / f.PAYABLE),
        *(_times("metals a third cheaper", PRICE.format(metal), 0.67) for metal in _METALS),
        *(_times("metals a third dearer", PRICE.format(metal), 1.33) for metal in _METALS),
        _set("lithium at 25,000", PRICE.format(chain.CARBONATE), 25_000),
        *(_set("metals at home", f"limits[name={AT_HOME}].least:{year}", _least(year, i, tonnes))
          for i, year in enumerate(years)),
        _times("more cars leave", "returns.tonnes", 0.75),
        _times("production scrap dries up", f"levels[level={FREE}].capacity_t", 1 / f.FREE),
    )  # fmt: skip


_METALS = (chain.NICKEL, chain.COBALT, chain.CARBONATE, chain.black_mass(chain.NCM))


def _subsidy(rate: float, penalty: str) -> Iterator[NamedChange]:
    name = f"subsidy of {rate} instead of target"
    yield _set(name, penalty, 0)
    yield _set(name, f"subsidies[name={SUBSIDY}].rate", rate)


def _least(year: int, position: int, tonnes: dict[str, Floats]) -> float:
    """Return lithium carbonate that the Regulation's share of all lithium in packs taken back makes.

    The shares hold by the end of 2027 and of 2031, so that a year before 2031 has the first one.
    """
    lithium = sum(tonnes[chain.pack(c)][position] * chain.IN_PACK[c]["lithium"] for c in chain.CHEMISTRIES)
    share = f.TARGETS[2027 if year < 2031 else 2031, "lithium"]
    return round(float(f.TARGET * (1 - f.SECOND_LIFE) * lithium * share * f.LI2CO3_PER_LI), 1)


def _set(name: str, key: str, value: float) -> NamedChange:
    return NamedChange(name=name, key=key, change=How.SET, value=f"{value:g}")


def _times(name: str, key: str, value: float) -> NamedChange:
    return NamedChange(name=name, key=key, change=How.TIMES, value=f"{value:g}")
