"""Rows to entities, each remembered with its row, so that a fault found later still knows its place in the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from batteryopt.ground.errors import Fault, nearest
from batteryopt.network.data.entity_faults import EntityFault
from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    Coverage,
    Disposal,
    FacilityType,
    Group,
    Lane,
    Level,
    LevelProduct,
    Limit,
    Market,
    Mode,
    ModeProduct,
    NamedChange,
    Network,
    Period,
    Policy,
    Product,
    Recipe,
    Return,
    Scenario,
    Site,
    Storage,
    Subsidy,
)
from batteryopt.network.tables.cell_grid import Source
from batteryopt.network.tables.settings import NetworkSettings
from batteryopt.network.tables.sheet import SheetRow
from batteryopt.network.tables.twins import without_twins

Sheets = Mapping[str, Sequence[SheetRow]]
EntityT = TypeVar("EntityT")


@dataclass(kw_only=True)
class Assembly:
    """Entities under construction.

    Attributes
    ----------
    faults
        What is wrong between rows.
    origin
        The row of each entity, by its identity; the entity is kept with it, so that the identity stays its own.
    """

    sheets: Sheets
    source: Source
    faults: list[Fault]
    origin: dict[int, tuple[Any, SheetRow]] = field(default_factory=dict)

    def rows(self, table: str) -> Iterator[SheetRow]:
        """Yield the rows of a table that something can be made of."""
        return (row for row in self.sheets.get(table, ()) if not row.lacks_a_required_value())

    def make(self, kind: type[EntityT], row: SheetRow, **more: Any) -> EntityT:
        """Return the entity of a row."""
        values = row.own_values() | more
        if "name" in {column.field for column in row.table.columns}:
            values.setdefault("name", "")
        return self.remember(kind(**values), row)

    def remember(self, entity: EntityT, row: SheetRow) -> EntityT:
        """Keep where an entity came from."""
        self.origin[id(entity)] = (entity, row)
        return entity

    def all_of(self, kind: type[EntityT], table: str) -> tuple[EntityT, ...]:
        """Return the entities of a table whose rows are whole entities."""
        return tuple(self.make(kind, row) for row in self.rows(table))

    def parts(self, table: str, owner: Iterable[str]) -> dict[tuple[Any, ...], list[SheetRow]]:
        """Return the rows of a table by what they belong to."""
        found: dict[tuple[Any, ...], list[SheetRow]] = defaultdict(list)
        for row in self.rows(table):
            found[tuple(row.get(f"owner_{name}") for name in owner)].append(row)
        return found


def assemble(
    sheets: Sheets, source: Source, settings: NetworkSettings, faults: list[Fault]
) -> tuple[dict[str, Any], Assembly]:
    """Return the arguments of a `Network`, without its distances, and where its entities came from."""
    work = Assembly(sheets=without_twins(sheets, faults), source=source, faults=faults)
    arguments = {
        **settings.texts,
        "discount_rate": settings.discount_rate,
        "periods": settings.periods,
        "products": work.all_of(Product, "products"),
        "sites": work.all_of(Site, "sites"),
        "returns": work.all_of(Return, "returns"),
        "types": tuple(_types(work)),
        "candidates": tuple(_candidates(work)),
        "markets": tuple(_markets(work)),
        "disposals": work.all_of(Disposal, "disposals"),
        "modes": tuple(_modes(work)),
        "lanes": work.all_of(Lane, "lanes"),
        "groups": tuple(_groups(work)),
        "policy": Policy(
            **settings.policy,
            collection_targets=work.all_of(CollectionTarget, "collection_targets"),
            coverage=work.all_of(Coverage, "coverage"),
            limits=work.all_of(Limit, "limits"),
            subsidies=work.all_of(Subsidy, "subsidies"),
        ),
        "scenarios": work.all_of(Scenario, "scenarios"),
        "changes": work.all_of(NamedChange, "changes"),
    }
    return arguments, work


def _types(work: Assembly) -> Iterator[FacilityType]:
    """Yield the facility types: those of the table ``types``, or, without it, those that have recipes or levels."""
    parts = {table: work.parts(table, ["type"]) for table in ("levels", "storage")}
    _levels_must_be_known(work)
    products = work.parts("level_products", ["type", "site", "level"])
    recipes = _recipes(work)
    own = {row.get("name"): row for row in work.rows("types")}
    named: dict[str, SheetRow] = dict(own)
    for rows in (*work.parts("recipe_products", ["type"]).values(), *parts["levels"].values()):
        for row in rows:
            if "types" not in work.sheets:
                named.setdefault(row.get("owner_type"), row)
            else:
                _must_be_known(work, row, "owner_type", own)
    for name, row in named.items():
        levels = [_level(work, r, products) for r in parts["levels"].get((name,), ()) if not r.get("owner_site")]
        storage = tuple(work.make(Storage, r) for r in parts["storage"].get((name,), ()))
        more: dict[str, Any] = {"recipes": tuple(recipes.get(name, ())), "levels": tuple(levels), "storage": storage}
        if name in own:
            yield work.make(FacilityType, row, **more)
        else:
            yield work.remember(FacilityType(name=name, **more), row)


def _level(work: Assembly, row: SheetRow, products: Mapping[tuple[Any, ...], Sequence[SheetRow]]) -> Level:
    """Return a size with its capacities of single products."""
    rows = products.get((row.get("owner_type"), row.get("owner_site"), row.get("name")), ())
    return work.make(Level, row, by_product=tuple(work.make(LevelProduct, r) for r in rows))


def _levels_must_be_known(work: Assembly) -> None:
    """Tell rows of products whose size does not stand in the table of sizes."""
    known: dict[tuple[Any, Any], list[str]] = defaultdict(list)
    for row in work.rows("levels"):
        known[row.get("owner_type"), row.get("owner_site")].append(row.get("name"))
    for row in work.rows("level_products"):
        type_, site, level = (row.get(f"owner_{name}") for name in ("type", "site", "level"))
        if level not in known[type_, site]:
            own = f" of its own at '{site}'" if site else ""
            problem = f"'{level}' is no level of '{type_}'{own}"
            work.faults.append(
                Fault(place=row.place("owner_level"), problem=problem, remedy=nearest(level, known[type_, site]))
            )


def _recipes(work: Assembly) -> dict[str, list[Recipe]]:
    """Return the recipes of each type."""
    products = work.parts("recipe_products", ["type", "recipe"])
    own = {(row.get("owner_type"), row.get("name")): row for row in work.rows("recipes")}
    found: dict[str, list[Recipe]] = defaultdict(list)
    for type_, name in dict.fromkeys([*own, *products]):
        rows = products.get((type_, name), [])
        sides: dict[str, Any] = {
            side: tuple((row.get("product"), row.get(amount)) for row in rows if row.get(amount, 0.0))
            for side, amount in (("inputs", "input_t"), ("outputs", "output_t"))
        }
        row = own.get((type_, name))
        recipe = work.make(Recipe, row, **sides) if row else work.remember(Recipe(name=name, **sides), rows[0])
        found[type_].append(recipe)
    return found


def _candidates(work: Assembly) -> Iterator[Candidate]:
    levels = work.parts("levels", ["site", "type"])
    products = work.parts("level_products", ["type", "site", "level"])
    own = {(row.get("site"), row.get("type")): row for row in work.rows("candidates")}
    for (site, type_), rows in levels.items():
        if site and (site, type_) not in own:
            remedy = f"add it to {work.source.table('candidates')}, or leave the site empty"
            work.faults.append(
                Fault(
                    place=rows[0].place("owner_site"), problem=f"'{site}' is no candidate for '{type_}'", remedy=remedy
                )
            )
    for row in work.rows("candidates"):
        sizes = levels.get((row.get("site"), row.get("type")), ())
        yield work.make(Candidate, row, levels=tuple(_level(work, r, products) for r in sizes))


def _markets(work: Assembly) -> Iterator[Market]:
    parts = work.parts("comes_back", ["site", "bought", "scenario"])
    own = {(row.get("site"), row.get("product"), row.get("scenario")) for row in work.rows("markets")}
    for key, rows in parts.items():
        if key not in own:
            problem = f"no market at '{key[0]}' buys '{key[1]}'"
            remedy = f"add it to {work.source.table('markets')}"
            work.faults.append(Fault(place=rows[0].place("owner_bought"), problem=problem, remedy=remedy))
    for row in work.rows("markets"):
        rows = parts.get((row.get("site"), row.get("product"), row.get("scenario")), [])
        yield work.make(Market, row, comes_back=tuple(work.make(ComesBack, r) for r in rows))


def _modes(work: Assembly) -> Iterator[Mode]:
    parts = work.parts("mode_products", ["mode"])
    own = {row.get("name") for row in work.rows("modes")}
    for rows in parts.values():
        for row in rows:
            _must_be_known(work, row, "owner_mode", own)
    for row in work.rows("modes"):
        rows = parts.get((row.get("name"),), [])
        yield work.make(Mode, row, by_product=tuple(work.make(ModeProduct, r) for r in rows))


def _groups(work: Assembly) -> Iterator[Group]:
    members: dict[str, list[SheetRow]] = defaultdict(list)
    for row in work.rows("groups"):
        members[row.get("group")].append(row)
    for name, rows in members.items():
        yield work.remember(Group(name=name, sites=tuple(row.get("site") for row in rows)), rows[0])


def _must_be_known(work: Assembly, row: SheetRow, attribute: str, known: Iterable[str]) -> None:
    name = row.get(attribute)
    if name not in known:
        work.faults.append(
            Fault(place=row.place(attribute), problem=f"'{name}' is not declared", remedy=nearest(name, known))
        )


def relocate(faults: Iterable[EntityFault], work: Assembly) -> Iterator[Fault]:
    """Yield an instance's faults with their places in the files; what follows from a fault already told is left out."""
    broken = {table for table, rows in work.sheets.items() if not rows}
    for fault in faults:
        entity, row = work.origin.get(id(fault.entity), (None, None))
        if row is None:
            if fault.field not in broken:
                yield Fault(place=_place_outside(fault, work.source), problem=fault.problem, remedy=fault.remedy)
        elif not _follows(fault, entity, row, broken):
            yield Fault(place=row.place(fault.field, fault.period), problem=fault.problem, remedy=fault.remedy)


def _follows(fault: EntityFault, entity: Any, row: SheetRow, broken: set[str]) -> bool:
    """Whether a fault only follows from a cell or a table that could not be read."""
    if fault.field in row.faulty or (isinstance(entity, FacilityType) and row.faulty):
        return True
    column = row.table.by_field.get(fault.field)
    is_name = column is not None and column.refers_to in broken
    return is_name or (isinstance(entity, Recipe) and "products" in broken)


def _place_outside(fault: EntityFault, source: Source) -> str:
    """Return the place of a fault that is in no row."""
    if isinstance(fault.entity, Policy):
        return source.setting(f"policy.{fault.field}")
    if isinstance(fault.entity, Period):
        return source.setting("years_per_period" if fault.field == "years" else "periods")
    if isinstance(fault.entity, Network):
        return source.table(fault.field) if fault.field in ("products", "sites") else source.setting(fault.field)
    return fault.place
