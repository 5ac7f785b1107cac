"""What the fields of entities say of themselves: no number without limits, no text without a meaning, at birth."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batteryopt.network import tables
from batteryopt.network.data import instance as nf
from batteryopt.network.data.entity import Entity, key_of
from batteryopt.network.data.entity_faults import InvalidNetwork
from batteryopt.network.data.fields import AtLeastZero, FieldSpec, OwnName, PartSpec, parts_of, specs_of
from batteryopt.network.tables.schema import TABLES

HAND = Path(__file__).parents[2] / "data/networks/hand"
ENTITIES = [kind for name in nf.__all__ if isinstance(kind := getattr(nf, name), type) and issubclass(kind, Entity)]
FIELDS = [(kind, spec) for kind in ENTITIES for spec in specs_of(kind)]
NUMBERS = [(kind, spec) for kind, spec in FIELDS if spec.limits is not None and not spec.is_amounts]


def values(kind: type[Any]) -> dict[str, Any]:
    """Return something for every field that has no default."""
    sides = {"inputs": (("pack", 1.0),), "outputs": ()}
    special = sides | {
        "quantity": "sold_t",
        "base": "sold_t",
        "sites": ("A",),
        "types": ("t",),
        "levels": (),
        "recipes": (),
    }
    needed = [field for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    numbers = {spec.name for spec in specs_of(kind) if spec.limits is not None}
    found = {field.name: 1 if field.name in numbers else "x" for field in needed}
    return found | {name: value for name, value in special.items() if name in found}


def test_there_are_all_entities() -> None:
    assert len(ENTITIES) == 24


@pytest.mark.parametrize("kind", ENTITIES)
def test_every_field_says_what_it_may_hold(kind: type[Any]) -> None:
    """A field of none of these kinds is a part with fields of its own, or yes and no."""
    assert all(spec.name for spec in specs_of(kind))  # refuses what is unsaid
    assert key_of(kind)
    assert set(key_of(kind)) <= {field.name for field in dataclasses.fields(kind)}


def test_a_number_without_limits_is_refused() -> None:
    @dataclasses.dataclass
    class Careless:
        name: OwnName
        tonnes: float

    @dataclasses.dataclass
    class Nameless:
        tonnes: AtLeastZero
        site: str

    Careless.__annotations__ |= {"name": OwnName, "tonnes": float}
    Nameless.__annotations__ |= {"tonnes": AtLeastZero, "site": str}
    with pytest.raises(TypeError, match="tonnes: float without"):
        specs_of(Careless)
    with pytest.raises(TypeError, match="site: str without"):
        specs_of(Nameless)


@pytest.mark.parametrize(("kind", "spec"), NUMBERS, ids=[f"{kind.__name__}.{spec.name}" for kind, spec in NUMBERS])
def test_an_entity_is_validated_at_birth(kind: type[Any], spec: FieldSpec) -> None:
    assert spec.limits is not None
    wrong: list[Any] = [math.nan, math.inf, "5", True]
    wrong += [spec.limits.least - 1] if math.isfinite(spec.limits.least) else []
    wrong += [spec.limits.above] if math.isfinite(spec.limits.above) else []
    wrong += [spec.limits.most + 0.1] if math.isfinite(spec.limits.most) else []
    wrong += [1.5] if spec.is_whole else []
    for value in wrong:
        with pytest.raises(InvalidNetwork) as caught:
            kind(**values(kind) | {spec.name: value})
        assert [fault.field for fault in caught.value.entity_faults] == [spec.name]
        if spec.is_profile:
            with pytest.raises(InvalidNetwork):
                kind(**values(kind) | {spec.name: (1, value)})


def test_a_share_above_one_is_told_in_words() -> None:
    with pytest.raises(InvalidNetwork, match=r"CollectionTarget t, share: is 1\.6; expected a share from 0 to 1"):
        nf.CollectionTarget(name="t", share=1.6)


def test_words_of_enums_lists_and_arrays_are_taken() -> None:
    subsidy = nf.Subsidy(name="s", base="collected_t", rate=[1, 2])  # type: ignore[arg-type]
    assert subsidy.base is nf.SubsidyBase.COLLECTED
    assert subsidy.rate == (1, 2)
    assert nf.Candidate(site="A", type="t", standing="FORCED").standing is nf.Standing.FORCED  # type: ignore[arg-type]
    returned = nf.Return(site="A", product="p", tonnes=np.array([1.5, 2.5]))  # type: ignore[arg-type]
    assert returned.tonnes == (1.5, 2.5)
    assert nf.Product(name="p", hazard=np.float32(0.5)).hazard == 0.5  # type: ignore[arg-type]
    with pytest.raises(InvalidNetwork, match="is the text 'colected_t'; did you mean 'collected_t'"):
        nf.Subsidy(name="s", base="colected_t", rate=1.0)  # type: ignore[arg-type]


def test_references_of_columns_are_those_of_the_fields() -> None:
    """What a workbook offers in a cell is what the field refers to."""
    for table in TABLES.values():
        for spec in specs_of(table.entity) if table.entity is not None else ():
            if spec.name in table.by_field:
                assert table.by_field[spec.name].refers_to == spec.refers_to
    assert TABLES["lanes"].by_field["origin"].refers_to == "sites"
    assert TABLES["candidates"].by_field["earliest"].refers_to == "periods"


PARTS = [(owner, part) for owner in (*ENTITIES, nf.Network) for part in parts_of(owner)]


@pytest.mark.parametrize(("owner", "part"), PARTS, ids=lambda x: getattr(x, "name", getattr(x, "__name__", str(x))))
@pytest.mark.parametrize("wrong", [None, 3.5, "rows", (1.0,), [nf.Period]], ids=str)
def test_what_holds_rows_holds_nothing_else(owner: type[Any], part: PartSpec, wrong: Any) -> None:
    network = tables.read(HAND)
    given = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)} if owner is nf.Network else {}
    with pytest.raises(InvalidNetwork) as caught:
        owner(**(given or values(owner)) | {part.name: wrong})
    assert [fault.field for fault in caught.value.entity_faults] == [part.name]


def test_lists_of_rows_are_taken() -> None:
    network = tables.read(HAND)
    assert network.replace(sites=list(network.sites)).sites == network.sites
