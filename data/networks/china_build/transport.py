"""Lorries and railways of the Chinese networks."""

from __future__ import annotations

from batteryopt.network.data.instance import Mode
from china_build import chain
from china_build import figures as f

ROAD_KM, RAIL_KM, FAR_KM = "road_km", "rail_km", "far_km"
PACKS = tuple(chain.collected(c) for c in chain.CHEMISTRIES)
BLACK_MASSES = tuple(chain.black_mass(c) for c in chain.CHEMISTRIES)


def modes(*, is_small: bool, has_far: bool) -> tuple[Mode, ...]:
    """Return the modes of a network.

    Rail carries black mass only, since retired packs may not go by rail.

    Parameters
    ----------
    is_small
        A province: no rail, and electric lorries for those who weigh emissions.
    has_far
        Whether some places are beyond a day's drive from every centre.
    """
    usual = (_road("road", PACKS, f.HAZARDOUS_ROAD, f.HAZARDOUS_LONGEST), _road("road_bulk", BLACK_MASSES, f.BULK_ROAD,
             f.BULK_LONGEST))  # fmt: skip
    far = (_far(),) if has_far else ()
    return (*usual, *far, _electric() if is_small else _rail())


def _road(name: str, carries: tuple[str, ...], per_t_km: float, longest_km: float) -> Mode:
    return Mode(
        name=name,
        products=carries,
        cost_per_t_km=per_t_km,
        emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
        distance=ROAD_KM,
        longest_km=float(longest_km),
    )


def _far() -> Mode:
    """Return lorries on the road for days, from the places alone that have no centre within one."""
    return Mode(
        name="road_for_days",
        products=PACKS,
        cost_per_t_km=f.FAR_ROAD,
        emission_kg_per_t_km=f.ROAD_KG_PER_T_KM,
        distance=FAR_KM,
    )


def _electric() -> Mode:
    return Mode(
        name="electric_road",
        products=PACKS,
        cost_per_t_km=f.ELECTRIC_ROAD,
        emission_kg_per_t_km=f.ELECTRIC_KWH_PER_T_KM * f.GRID_KG_PER_KWH,
        distance=ROAD_KM,
        longest_km=float(f.ELECTRIC_LONGEST),
    )


def _rail() -> Mode:
    return Mode(
        name="rail",
        products=BLACK_MASSES,
        cost_per_t_km=f.RAIL_FREIGHT,
        cost_per_t=float(f.RAIL_HANDLING),
        emission_kg_per_t_km=f.RAIL_KG_PER_T_KM,
        distance=RAIL_KM,
        shortest_km=float(f.RAIL_SHORTEST),
        longest_km=float(f.RAIL_LONGEST),
    )
