"""The tables of a network's folder and their columns, read off the entities they hold: one place to add a field."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from batteryopt.network.data import instance as normal_form
from batteryopt.network.data.entity import key_of
from batteryopt.network.data.fields import specs_of
from batteryopt.network.tables.cells import CellKind, Column

SITE, PRODUCT, TYPE, MODE, LEVEL, RECIPE = "sites", "products", "types", "modes", "levels", "recipes"
PERIODS, SCENARIOS, GROUPS, DISTANCES = "periods", "scenarios", "groups", "distances"

_OWNERS = {"site": SITE, "bought": PRODUCT, "type": TYPE, "mode": MODE, "scenario": SCENARIOS}
"""The tables that the names of owners are from; a recipe's is no table of names."""


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """A CSV file of the folder.

    Attributes
    ----------
    name
        Of the file, without ``.csv``.
    entity
        What a row becomes; None for tables whose rows are parts of something.
    columns
        All that it may have.
    about
        What it holds, in a line.
    key
        The attributes that tell a row from the others.
    sides
        Attributes of which each must be filled once for a key.
    """

    name: str
    entity: type | None
    columns: tuple[Column, ...]
    about: str
    key: tuple[str, ...]
    sides: tuple[str, ...] = ()

    @property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by their name in the file."""
        return {column.name: column for column in self.columns}

    @property
    def by_field(self) -> Mapping[str, Column]:
        """Columns by the attribute that they fill."""
        return {column.field: column for column in self.columns}


def _table(
    name: str, entity: Any, about: str, *, key: str = "", within: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> TableSchema:
    """Return the table of an entity.

    Parameters
    ----------
    key
        What its attribute ``name`` is called in the file.
    within
        Columns before its own: the thing that the row is part of.
    without
        Attributes that other tables fill.
    """
    own = tuple(
        column.renamed(key) if column.field == "name" and key else column for column in columns_of(entity, without)
    )
    owners = tuple(_owner(column, required=column != "scenario") for column in within)
    names = tuple(column.field for column in owners) + key_of(entity)
    return TableSchema(name=name, entity=entity, columns=owners + own, about=about, key=names)


@cache  # resolving type hints is the dearest part of changing a network, and a sweep changes thousands
def columns_of(entity: type, without: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Return the columns of an entity's attributes, save some."""
    return tuple(_column(field, entity) for field in dataclasses.fields(entity) if field.name not in without)


def _owner(name: str, *, required: bool = True) -> Column:
    meaning = f"the {name} that the row belongs to" if name != "bought" else "the product that the market buys"
    return Column(
        name=name,
        field=f"owner_{name}",
        kind=CellKind.TEXT,
        required=required,
        default="",
        refers_to=_OWNERS.get(name, ""),
        meaning=meaning,
    )


def _column(field: dataclasses.Field[Any], entity: type) -> Column:
    """Return the column of an entity's attribute: kind, default and meaning are those of the attribute."""
    hint = get_type_hints(entity)[field.name]
    spec = next(spec for spec in specs_of(entity) if spec.name == field.name)
    kind, choices = _kind(hint)
    default = None if field.default is dataclasses.MISSING else field.default
    return Column(
        name=field.name,
        field=field.name,
        kind=kind,
        default=default,
        by_period=spec.is_profile,
        required=field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        refers_to=spec.refers_to,
        choices=choices,
        meaning=_meanings(entity).get(field.name, ""),
    )


def _kind(hint: Any) -> tuple[CellKind, type[enum.StrEnum] | None]:
    members = set(_members(hint))
    choices = next((m for m in members if isinstance(m, type) and issubclass(m, enum.StrEnum)), None)
    if choices is not None:
        return CellKind.CHOICE, choices
    if any(get_origin(member) is tuple and get_args(member)[0] is str for member in members):
        return CellKind.NAMES, None
    for type_, kind in ((bool, CellKind.YES_NO), (float, CellKind.NUMBER), (int, CellKind.WHOLE)):
        if type_ in members:
            return kind, None
    return CellKind.TEXT, None


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the hint itself."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


@cache
def _meanings(entity: type) -> Mapping[str, str]:
    """Return what the attributes mean, from the entity's docstring: its section "Attributes"."""
    _, _, section = (inspect.getdoc(entity) or "").partition("Attributes\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if re.match(r"\S", line):
            names = [name.strip() for name in line.split(",")]
        elif line.strip():
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return {name: meaning.split(". ")[0].rstrip(".") for name, meaning in found.items()}


def _recipe_products() -> TableSchema:
    amount = Column(name="", field="", kind=CellKind.NUMBER, default=0.0)
    columns = (
        _owner("type"),
        _owner("recipe"),
        Column(
            name="product", field="product", kind=CellKind.TEXT, required=True, refers_to=PRODUCT, meaning="a product"
        ),
        dataclasses.replace(amount, name="input_t", field="input_t", meaning="tonnes used for each tonne processed"),
        dataclasses.replace(amount, name="output_t", field="output_t", meaning="tonnes made for each tonne processed"),
    )
    return TableSchema(
        name="recipe_products",
        entity=None,
        columns=columns,
        about="what a recipe uses and makes",
        key=("owner_type", "owner_recipe", "product"),
        sides=("input_t", "output_t"),
    )


def _groups() -> TableSchema:
    columns = (
        Column(name="group", field="group", kind=CellKind.TEXT, required=True, meaning="name of the group"),
        Column(name="site", field="site", kind=CellKind.TEXT, required=True, refers_to=SITE, meaning="a site in it"),
    )
    about = "sites that rules speak of together"
    return TableSchema(name="groups", entity=None, columns=columns, about=about, key=("group", "site"))


def _levels() -> TableSchema:
    table = _table(
        "levels",
        normal_form.Level,
        "sizes of facility types, with their costs",
        key="level",
        within=("type",),
        without=("by_product",),
    )
    site = _owner("site", required=False)
    site = dataclasses.replace(site, meaning="the one site whose candidate has this size of its own; empty: the type")
    key = (table.key[0], site.field, *table.key[1:])
    return dataclasses.replace(table, columns=(table.columns[0], site, *table.columns[1:]), key=key)


def _level_products() -> TableSchema:
    about = "how much of single products a size can take, within its capacity"
    table = _table("level_products", normal_form.LevelProduct, about, within=("type", "site", "level"))
    type_, site, level, *own = table.columns
    site = dataclasses.replace(_owner("site", required=False), meaning="as in levels: the one site, or empty")
    return dataclasses.replace(table, columns=(type_, site, level, *own))


TABLES: Mapping[str, TableSchema] = {
    table.name: table
    for table in (
        _table("products", normal_form.Product, "things that have a mass and a place", key="product"),
        _table(
            "sites", normal_form.Site, "cities, plots and buyers, with what differs from place to place", key="site"
        ),
        _table("returns", normal_form.Return, "batteries that come back, by site, product and period"),
        _table(
            "types",
            normal_form.FacilityType,
            "kinds of facilities",
            key="type",
            without=("recipes", "levels", "storage"),
        ),
        _table(
            "recipes",
            normal_form.Recipe,
            "ways to work of a facility type; their products stand in recipe_products",
            key="recipe",
            within=("type",),
            without=("inputs", "outputs"),
        ),
        _recipe_products(),
        _levels(),
        _level_products(),
        _table("storage", normal_form.Storage, "what a facility type may keep in stock", within=("type",)),
        _table("candidates", normal_form.Candidate, "facility types at sites", without=("levels",)),
        _table("markets", normal_form.Market, "who buys what, where, at which price", without=("comes_back",)),
        _table(
            "comes_back",
            normal_form.ComesBack,
            "what returns some periods after a market bought",
            within=("site", "bought", "scenario"),
        ),
        _table("disposals", normal_form.Disposal, "where a product may be disposed of"),
        _table("modes", normal_form.Mode, "ways to carry", key="mode", without=("by_product",)),
        _table(
            "mode_products",
            normal_form.ModeProduct,
            "what differs when a mode carries a certain product",
            within=("mode",),
        ),
        _table("lanes", normal_form.Lane, "what differs on one way from one site to another"),
        _groups(),
        _table("collection_targets", normal_form.CollectionTarget, "least shares of the returns to be collected"),
        _table("coverage", normal_form.Coverage, "least shares of the returns with a facility near"),
        _table("limits", normal_form.Limit, "least and most of some quantity over sites"),
        _table("subsidies", normal_form.Subsidy, "money from outside"),
        _table("scenarios", normal_form.Scenario, "ways the future may go", key="scenario"),
        _table("changes", normal_form.NamedChange, "named what-ifs, a row a change; several rows may have one name"),
    )
}
"""All tables, in the order in which a reader of the folder wants them."""
