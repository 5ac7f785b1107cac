"""A family's entry in the register: where it has what commands and doors ask it for."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.files import refuse_existing
from batteryopt.ground.named import named

if TYPE_CHECKING:
    from batteryopt.families.promised import FamilyResult, FamilyUnderstood
    from batteryopt.tables.changes import Change

TO_ADD_A_RULE = "make batteryopt.model(instance, name), add the rule to it, solve it, and read it by batteryopt.plan_of"
"""How a rule of one's own joins a model whose `solve` takes none."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Where a family has what the command line needs, as "module:name" inside its package.

    Attributes
    ----------
    kind
        The `kind` of its instances.
    summary
        What its models are about, in a line.
    read
        Function from a path to an instance.
    models
        Enum of its models.
    default_models
        The models that are solved where none is named.
    solve
        Function from an instance, models and options to a `FamilyResult`.
    template
        Function that writes a commented instance at a path.
    view
        What pages and notebooks show of its answers, a `report.family_view.FamilyView`.
    reproduce
        Function that goes through the figures of the family's paper; empty where it has none.
    frontier
        Function from an instance, two objectives and options to a `FamilyResult` with every compromise between them;
        empty where answers have one objective.
    drawn
        Names, in the JSON of an answer, of the numbers that the plot of a sweep shows; the first stands for a whole
        solution in maps.
    options
        Function from an instance, or None, and options that only this family has to arguments of its `solve`; empty
        where it has none.
    model, plan
        Functions from an instance, a model's name and options to its Pyomo model, and from a solved one to an answer.
    understand
        Function from a path to what is understood of the instance there, with remarks; empty where `check` shows its
        name and models only.
    change
        Function from an instance and changes to a changed instance; empty where it is one TOML file.
    what_if
        Function from an instance and a name to the changes that the instance knows by it; empty where it knows none.
    files
        Function from an instance to the files of its folder by name; empty where it is one TOML file.
    words_of_key
        Function from an instance and a key of a change to its meaning in words, which refuses a key that names no
        number; empty where it is one TOML file.
    leaves, takes
        Functions from an answer to plain data, and from an instance and such data to options of `solve`: how a solve
        begins from its neighbour's answer; empty where it cannot.
    offered
        Function from an instance to the models that it has; empty where every instance has them all.
    has_formulas
        Whether answers may come by a formula.
    row_text
        Function from an answer to a line about it in a sweep's table, under the name `plan`.
    left_out
        Beginnings of names in the JSON of an answer that are of no use in a sweep's table.
    tables
        Tuple of the names of the tables that a saved result may have; empty: "answers" alone.
    """

    kind: str
    summary: str
    package: str
    read: str
    models: str
    default_models: str
    solve: str
    template: str
    view: str
    reproduce: str = ""
    options: str = ""
    frontier: str = ""
    model: str = "door:model_of"
    plan: str = "door:plan_of"
    understand: str = ""
    change: str = ""
    what_if: str = ""
    files: str = ""
    words_of_key: str = ""
    leaves: str = ""
    takes: str = ""
    row_text: str = ""
    offered: str = ""
    has_formulas: bool = True
    drawn: tuple[str, ...] = ("objective",)
    left_out: tuple[str, ...] = ()
    tables: str = ""

    def get(self, place: str) -> Any:
        """Return what stands at a place, importing its module."""
        return named(f"{self.package}.{place}")

    def read_instance(self, path: str | os.PathLike[str]) -> Any:
        """Return the instance that a file or folder describes, or raise `InvalidInput` with all its faults."""
        return self.get(self.read)(path)

    def understand_instance(self, path: str | os.PathLike[str], changed: Any = None) -> FamilyUnderstood | None:
        """Return what is understood of an instance, where the family can say; or raise `InvalidInput`.

        Parameters
        ----------
        changed
            What has become of it, where it is to be changed first.
        """
        found: FamilyUnderstood | None = self.get(self.understand)(path, changed) if self.understand else None
        return found

    def changed_instance(self, instance: Any, changes: Sequence[Change], *, is_foreseen: bool = False) -> Any:
        """Return an instance with changes, or raise `InvalidInput` with everything wrong about them.

        Parameters
        ----------
        is_foreseen
            Whether to refuse what can be seen of an impossible plan too, as reading does.
        """
        if self.change:
            return self.get(self.change)(instance, changes, is_foreseen=is_foreseen)
        from batteryopt.tables.toml_changes import changed

        return changed(instance, changes)

    def changes_called(self, instance: Any, name: str) -> tuple[Change, ...]:
        """Return the changes that an instance knows by a name, or raise `InvalidInput`."""
        if not self.what_if:
            remedy = f"leave it out for kind '{self.kind}', or use --set"
            raise InvalidInput("command line", [Fault(place="--what-if", problem="is for networks", remedy=remedy)])
        found: tuple[Change, ...] = self.get(self.what_if)(instance, name, "--what-if")
        return found

    def copy_of(self, instance: Any) -> dict[str, bytes]:
        """Return the files that an instance is saved as beside its answer, by name."""
        if self.files:
            return {f"instance/{name}": content for name, content in self.get(self.files)(instance).items()}
        from batteryopt.tables.toml_output import to_toml

        return {"instance.toml": to_toml(instance).encode()}

    def model_names(self) -> tuple[str, ...]:
        """Return the names of all models."""
        return tuple(model.value for model in self.get(self.models))

    def models_of(self, instance: Any) -> tuple[str, ...]:
        """Return the names of the models that can be asked for of an instance."""
        return tuple(self.get(self.offered)(instance)) if self.offered else self.model_names()

    def table_names(self) -> tuple[str, ...]:
        """Return the names of the tables that a saved result may have."""
        return tuple(self.get(self.tables)) if self.tables else ("answers",)

    def model_faults(self, names: Iterable[str]) -> list[Fault]:
        """Return a fault for every name that is no model of this family."""
        known = self.model_names()
        return [
            Fault(
                place="--model", problem=f"'{name}' is no model of kind '{self.kind}'", remedy=nearest(str(name), known)
            )
            for name in names
            if name not in known
        ]

    def option_faults(self, options: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield what is wrong with options of `solve_instance`: names that it does not have, and values."""
        from batteryopt.solvers.contract.asked import faults_of_options

        known = inspect.signature(self.get(self.solve)).parameters.keys() - {"instance", "models"}
        for name in options.keys() - known:
            remedy = TO_ADD_A_RULE if name == "rules" else nearest(name, known)
            yield Fault(place=name, problem=f"is no option of kind '{self.kind}'", remedy=remedy)
        yield from faults_of_options(options)

    def solve_instance(self, instance: Any, models: Iterable[str] = (), **options: Any) -> FamilyResult:
        """Return the answers to models of an instance, by default the usual ones; options as in `solve` there."""
        wanted = tuple(models) or tuple(self.get(self.default_models))
        result: FamilyResult = self.get(self.solve)(instance, wanted, **options)
        return result

    def read_options(self, instance: Any, **given: Any) -> dict[str, Any]:
        """Return the options of this family that were given, those that are None or empty left out, for its `solve`.

        Of numbers 0 is given too.

        Raises
        ------
        InvalidInput
            If this family has no such options, or they are wrong.
        """
        named = {name: value for name, value in given.items() if value or value == 0}
        if named and not self.options:
            remedy = f"leave it out for kind '{self.kind}'"
            faults = [
                Fault(place=f"--{name.replace('_', '-')}", problem="is for networks", remedy=remedy) for name in named
            ]
            raise InvalidInput("command line", faults)
        found: dict[str, Any] = self.get(self.options)(instance, **named) if named else {}
        return found

    def solve_frontier(self, instance: Any, first: str, second: str, **options: Any) -> FamilyResult:
        """Return every compromise between two objectives; options as in its function there."""
        result: FamilyResult = self.get(self.frontier)(instance, first, second, **options)
        return result

    def write_template(self, path: Path, *, overwrite: bool = False) -> None:
        """Write a commented instance to start from; raise `InvalidInput` where something lies there already."""
        refuse_existing(path, "PATH", overwrite=overwrite)
        self.get(self.template)(path)

    def reproduction(self, announce: Callable[[str], None] = lambda _: None) -> Any:
        """Return every figure of the family's paper beside ours, a `Reproduction` of the games' shell."""
        return self.get(self.reproduce)(announce)
