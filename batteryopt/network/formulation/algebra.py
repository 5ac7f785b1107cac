"""Linear models written once, over index arrays: every equation is a few `Terms` summed over the rows of an `Index`.

An index is a table of codes (site 4, product 0, period 2), a variable family has one variable for each of its rows,
and an equation has one row for each row of the index it is stated over. Terms meet a row where all columns that both
have agree; what the row does not have is summed over, and what the terms do not have is repeated. So ::

    m.require("capacity_is_kept", over=FACILITIES, terms=[processed, -is_open * steps], at_most=0)

reads as it is meant. The model becomes SciPy arrays (`arrays`) or a Pyomo model (`pyomo_model`) without a second
formulation.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from batteryopt.network.formulation.matching import Ints, is_rising, match

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """A table of codes.

    Attributes
    ----------
    keys
        Columns that name a row, in the order of its name; no two rows agree in all of them.
    columns
        Codes by column, each of the same length; columns beyond the keys describe a row (the site of a facility).
    """

    keys: tuple[str, ...]
    columns: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, column: str) -> Ints:
        return self.columns[column]

    def where(self, mask: Bools) -> Index:
        """Return the rows that a mask keeps."""
        if mask.all():
            return self
        return dataclasses.replace(self, columns={name: codes[mask] for name, codes in self.columns.items()})

    def over(self, column: str, count: int) -> Index:
        """Return every row `count` times, once for each code of a new key (its last column, running fastest)."""
        repeated = {name: codes if count == 1 else np.repeat(codes, count) for name, codes in self.columns.items()}
        codes = np.tile(np.arange(count, dtype=np.int64), len(self))
        return Index(keys=(*self.keys, column), columns={**repeated, column: codes})


def index(keys: Sequence[str], **columns: npt.ArrayLike) -> Index:
    """Return an index of the given columns; the keys come first in its names."""
    return Index(keys=tuple(keys), columns={name: np.asarray(codes, dtype=np.int64) for name, codes in columns.items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """A sum of coefficients times variables, each with the codes that say which rows it belongs to.

    Attributes
    ----------
    columns
        Codes by column name (n).
    variable, coefficient
        Column of the model and its factor (n).
    """

    columns: Mapping[str, Ints]
    variable: Ints
    coefficient: Floats

    def __len__(self) -> int:
        return len(self.variable)

    def __getitem__(self, column: str) -> Ints:
        return self.columns[column]

    def __mul__(self, factor: npt.ArrayLike) -> Terms:
        return dataclasses.replace(self, coefficient=self.coefficient * np.asarray(factor, dtype=float))

    __rmul__ = __mul__

    def __neg__(self) -> Terms:
        return self * -1.0

    def renamed(self, **names: str) -> Terms:
        """Return the terms with columns under new names: ``renamed(destination="site")``."""
        return dataclasses.replace(self, columns={names.get(name, name): codes for name, codes in self.columns.items()})

    def only(self, *names: str) -> Terms:
        """Return the terms with these columns only, so that no other is compared."""
        return dataclasses.replace(self, columns={name: self.columns[name] for name in names})

    def moved(self, **by: int) -> Terms:
        """Return the terms so that they meet other rows: ``stock.moved(period=1)`` is that of the period before."""
        moved = {name: self.columns[name] + distance for name, distance in by.items()}
        return dataclasses.replace(self, columns={**self.columns, **moved})

    def with_columns(self, **columns: Ints | int) -> Terms:
        """Return the terms with further columns."""
        added = {name: np.broadcast_to(np.asarray(codes, np.int64), (len(self),)) for name, codes in columns.items()}
        return dataclasses.replace(self, columns={**self.columns, **added})

    def where(self, mask: Bools) -> Terms:
        """Return the terms that a mask keeps."""
        if mask.all():
            return self
        return Terms(
            columns={name: codes[mask] for name, codes in self.columns.items()},
            variable=self.variable[mask],
            coefficient=self.coefficient[mask],
        )

    def take(self, positions: Ints) -> Terms:
        """Return the terms at these positions, repeated where a position is."""
        return Terms(
            columns={name: codes[positions] for name, codes in self.columns.items()},
            variable=self.variable[positions],
            coefficient=self.coefficient[positions],
        )

    def through(self, table: Mapping[str, Ints], factor: Floats) -> Terms:
        """Return the terms spread over a table that adds columns: what is processed, over the recipe's outputs."""
        mine, theirs = match(self.columns, table)
        if len(theirs) == len(factor) and is_rising(theirs):  # each row of the table once: no need to copy them
            rows, factors = dict(table), factor
        else:
            rows, factors = {name: codes[theirs] for name, codes in table.items()}, factor[theirs]
        own = {name: codes[mine] for name, codes in self.columns.items() if name not in table}
        return Terms(
            columns={**own, **rows},
            variable=self.variable[mine],
            coefficient=self.coefficient[mine] * factors,
        )

    @property
    def variables(self) -> Ints:
        """Columns of the model that occur."""
        return np.unique(self.variable)


def plus(*terms: Terms) -> Terms:
    """Return the sum of terms, with the columns that all of them have."""
    common = [name for name in terms[0].columns if all(name in other.columns for other in terms)]
    return Terms(
        columns={name: np.concatenate([each.columns[name] for each in terms]) for name in common},
        variable=np.concatenate([each.variable for each in terms]),
        coefficient=np.concatenate([each.coefficient for each in terms]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class VariableFamily:
    """Variables of one name: one for each row of an index.

    Attributes
    ----------
    first
        Column of its first variable in the model.
    lower, upper
        Bounds (n).
    doc
        Meaning and unit.
    is_added
        Whether a user's rules brought them.
    """

    name: str
    index: Index
    first: int
    lower: Floats
    upper: Floats
    is_integer: Bools
    doc: str
    is_added: bool = False

    def __len__(self) -> int:
        return len(self.index)

    @property
    def positions(self) -> slice:
        """Its columns in the model."""
        return slice(self.first, self.first + len(self))

    @cached_property
    def terms(self) -> Terms:
        """Each variable once, with coefficient 1."""
        return Terms(
            columns=self.index.columns,
            variable=np.arange(self.first, self.first + len(self), dtype=np.int64),
            coefficient=np.ones(len(self)),
        )


class Claim(enum.Enum):
    """Why rows hold, and so what may be added to a model without them cutting the best plan off."""

    RULE = "rule"
    """They are the network's rules, or say what variables mean."""
    CONSEQUENCE = "consequence"
    """They follow from the rules: every plan that keeps those keeps these, whatever further rows a plan is to keep."""
    CHOICE = "choice"
    """Of plans that are equally good one satisfies them. Whatever tells such plans apart (facilities that are kept,
    rows of a frontier, a user's own rules) may leave another one only, so that these rows are left out there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Constraints of one name: ``lower <= sum of coefficient * variable <= upper``, one for each row of an index.

    Attributes
    ----------
    row, variable, coefficient
        Entries (n): which row of the family, which column of the model.
    lower, upper
        One a row, infinite where there is none.
    claim
        Why they hold.
    is_added
        Whether a user's rules brought them.
    """

    name: str
    index: Index
    row: Ints
    variable: Ints
    coefficient: Floats
    lower: Floats
    upper: Floats
    doc: str
    claim: Claim = Claim.RULE
    is_added: bool = False

    def __len__(self) -> int:
        return len(self.index)

    def of(self, family: VariableFamily | None) -> Bools:
        """Return which entries are of a family's variables (n); none where there is no family."""
        if family is None:
            return np.zeros(len(self.variable), dtype=bool)
        mine = family.positions
        return np.asarray((self.variable >= mine.start) & (self.variable < mine.stop), dtype=bool)

    @property
    def is_cut(self) -> bool:
        """Whether the rows only tighten."""
        return self.claim is not Claim.RULE


class Formulation:
    """A model under construction: families of variables, families of rows, and charges that objectives are made of.

    Parameters
    ----------
    labels
        Names of all codes, by kind.
    tonne
        Tonnes that are to this model what one is to others, for whoever solves it.

    Attributes
    ----------
    wider
        Gives a wider formulation of the same, against which bounds are tried; None where there is none.
    """

    def __init__(self, labels: Mapping[str, Sequence[str]], *, tonne: float = 1.0) -> None:
        self.labels = labels
        self.tonne = tonne
        self.wider: Callable[[], Formulation] | None = None
        self.families: dict[str, VariableFamily] = {}
        self.rows: dict[str, Rows] = {}
        self.charges: dict[str, list[Terms]] = {}
        self.constants: dict[str, float] = {}
        self.size = 0

    def variables(
        self,
        name: str,
        over: Index,
        *,
        doc: str,
        lower: npt.ArrayLike = 0.0,
        upper: npt.ArrayLike = np.inf,
        is_integer: bool | Bools = False,
        is_added: bool = False,
    ) -> Terms:
        """Add a family of variables and return it as terms."""
        count = len(over)
        family = VariableFamily(
            name=name,
            index=over,
            first=self.size,
            lower=np.broadcast_to(np.asarray(lower, dtype=float), (count,)),
            upper=np.broadcast_to(np.asarray(upper, dtype=float), (count,)),
            is_integer=np.broadcast_to(np.asarray(is_integer, dtype=bool), (count,)),
            doc=doc,
            is_added=is_added,
        )
        self.families[name] = family
        self.size += count
        return family.terms

    def __getitem__(self, name: str) -> Terms:
        return self.families[name].terms

    def require(
        self,
        name: str,
        *,
        over: Index,
        terms: Sequence[Terms],
        doc: str,
        equal: npt.ArrayLike | None = None,
        at_least: npt.ArrayLike | None = None,
        at_most: npt.ArrayLike | None = None,
        claim: Claim = Claim.RULE,
    ) -> None:
        """Add a family of rows; those without any term that hold anyway are left out."""
        count = len(over)
        parts = [(*match(over.columns, term.columns), term) for term in terms if len(term)]
        row = _joined([rows for rows, _, _ in parts])
        variable = _joined([term.variable[entries] for _, entries, term in parts])
        coefficient = np.concatenate([np.zeros(0), *(term.coefficient[entries] for _, entries, term in parts)])
        lower = _limits(equal if at_least is None else at_least, -np.inf, count)
        upper = _limits(equal if at_most is None else at_most, np.inf, count)
        if not (is_entry := coefficient != 0).all():
            row, variable, coefficient = row[is_entry], variable[is_entry], coefficient[is_entry]
        keep = (np.bincount(row, minlength=count) > 0) | (lower > 0) | (upper < 0)
        if not keep.all():
            row = (np.cumsum(keep) - 1)[row]
        self.rows[name] = Rows(
            name=name,
            index=over.where(keep),
            row=row,
            variable=variable,
            coefficient=coefficient,
            lower=lower[keep],
            upper=upper[keep],
            doc=doc,
            claim=claim,
        )

    def lasting_rows(self) -> list[Rows]:
        """Return the rows that hold whatever is added to the model: all but those of choice."""
        return [rows for rows in self.rows.values() if rows.claim is not Claim.CHOICE]

    def drop_choices(self) -> None:
        """Leave out what only chooses among equally good plans, for good: something is to tell them apart."""
        self.rows = {rows.name: rows for rows in self.lasting_rows()}

    def least_of(self, terms: Terms) -> Floats:
        """Return the least that each term can be within its variable's bounds (n)."""
        lower, upper = (
            np.concatenate([np.zeros(0), *(getattr(f, side) for f in self.families.values())])
            for side in ("lower", "upper")
        )
        ends = np.where(terms.coefficient > 0, lower[terms.variable], upper[terms.variable])
        return np.where(terms.coefficient == 0, 0.0, terms.coefficient * ends)

    def charge(self, account: str, terms: Terms | None = None, *, constant: float = 0.0) -> None:
        """Add terms or a constant to an account (a cost term, emissions, risk ...)."""
        self.charges.setdefault(account, []).extend([] if terms is None else [terms])
        self.constants[account] = self.constants.get(account, 0.0) + constant

    def account(self, name: str) -> Floats:
        """Return the coefficients of an account, one a column of the model."""
        vector = np.zeros(self.size)
        for terms in self.charges.get(name, ()):
            np.add.at(vector, terms.variable, terms.coefficient)
        return vector

    def names_of(self, part: VariableFamily | Rows) -> Iterator[str]:
        """Yield a name for each variable or row of a family: ``balance[Beijing,pack,2025]``."""
        columns = [(self.labels[key], part.index[key].tolist()) for key in part.index.keys]
        for codes in zip(*(codes for _, codes in columns), strict=True):
            items = ",".join(str(labels[code]) for (labels, _), code in zip(columns, codes, strict=True))
            yield f"{part.name}[{items}]"


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *arrays])


def _limits(value: npt.ArrayLike | None, missing: float, count: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(missing if value is None else value, dtype=float), (count,)))
