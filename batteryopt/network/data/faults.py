"""What can be wrong with an instance, all of it at once, each fault with the entity it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import nearest
from batteryopt.network.data.contradictions import contradictions_of
from batteryopt.network.data.entity import own_faults
from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.fields import FieldSpec, specs_of
from batteryopt.network.data.flows import GREAT_CIRCLE
from batteryopt.network.data.uniqueness import repeats_of, tables_of

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork


MUST_HAVE_ROWS = ("periods", "products", "sites")


def faults_of(network: UnjudgedNetwork) -> list[EntityFault]:
    """Return every fault of an instance; none, and the model can be built."""
    checks: Sequence[Callable[[UnjudgedNetwork], Iterator[EntityFault]]] = (
        _empty_tables,
        repeats_of,
        _unknown_names,
        _wrong_numbers,
        contradictions_of,
    )
    return [fault for check in checks for fault in check(network)]


def _empty_tables(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    for table in MUST_HAVE_ROWS:
        if not getattr(network, table):
            yield fault_in(network, table, "is empty, or not there", "at least one is needed")


# ---- names ---------------------------------------------------------------------------------------------------------


def _unknown_names(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Names that are used and not declared; which fields hold names, and of what, the fields say."""
    known = {
        "products": {p.name for p in network.products},
        "sites": {s.name for s in network.sites},
        "types": {t.name for t in network.types},
        "modes": {m.name for m in network.modes},
        "periods": {p.name for p in network.periods},
        "scenarios": {s.name for s in network.scenarios},
        "groups": set(network.groups_by_name),
        "distances": {GREAT_CIRCLE, *network.distances},
    }
    for entity in all_entities(network):
        for spec in specs_of(type(entity)):
            if not spec.refers_to or spec.is_amounts or _is_empty_and_told(spec.refers_to, known):
                continue
            value = getattr(entity, spec.name)
            for name in (value,) if isinstance(value, str) else value or ():
                if name and name not in known[spec.refers_to]:
                    remedy = nearest(name, known[spec.refers_to])
                    yield fault_in(entity, spec.name, f"'{name}' is not declared", remedy)


def _is_empty_and_told(table: str, known: Mapping[str, set[str]]) -> bool:
    """Return whether nothing is declared in a table that must have rows: that is one fault, and not one a name."""
    return table in MUST_HAVE_ROWS and not known[table]


def all_entities(network: UnjudgedNetwork) -> Iterator[Any]:
    """Yield every row of every table, rows inside rows included, but not the network itself."""
    for rows in tables_of(network):
        yield from rows
    yield network.policy


# ---- numbers -------------------------------------------------------------------------------------------------------


def _wrong_numbers(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Profiles of the wrong length, numbers that are not finite or out of range."""
    if not -1 < network.discount_rate < 1:
        remedy = "expected a rate a year above -1 and below 1 (0.05 is 5 %)"
        yield fault_in(network, "discount_rate", f"is {network.discount_rate:g}", remedy)
    count = len(network.periods)
    for entity in all_entities(network):
        yield from own_faults(entity)
        for spec in specs_of(type(entity)):
            value = getattr(entity, spec.name)
            if spec.is_profile and isinstance(value, tuple) and len(value) != count:
                remedy = f"expected one, or one a period ({count})"
                yield fault_in(entity, spec.name, f"has {len(value)} numbers", remedy)


def numbers_in(network: UnjudgedNetwork) -> Iterator[tuple[Any, FieldSpec, float]]:
    """Yield every number of every entity with the field that it is in; of several periods the largest in size."""
    for entity in all_entities(network):
        for spec in specs_of(type(entity)):
            value = getattr(entity, spec.name)
            if spec.limits is not None and not spec.is_amounts and value is not None:
                numbers = value if isinstance(value, tuple) else (value,)
                yield entity, spec, float(max(numbers, key=abs, default=0.0))
