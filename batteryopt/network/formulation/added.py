"""Rules that a user adds in Pyomo: only what is added is compiled, and joins the formulation as further rows.

The function of the user is given the model with its sets, variables and expressions, and adds constraints, variables of
its own, or fixes what is decided. The formulation's own equations stay as they are; so do the cuts that follow from
them, for whatever follows from some equations follows from more. What holds for one of several equal plans only (the
order of equal sites, the most trips that a load can need) does not, and is left out or widened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.joined import joined
from batteryopt.network.formulation.narrowed import BoundsBefore
from batteryopt.network.formulation.own_rows import own_rows
from batteryopt.network.formulation.pyomo_model import columns_of, with_variables
from batteryopt.network.formulation.user_words import left_outside, told_in_the_users_words
from batteryopt.network.formulation.widened import open_to_rules
from batteryopt.solvers.contract.points import write_point
from batteryopt.solvers.through_pyomo.doors import Values, rule_checks, values_of

RuleFunction = Callable[[Any], object]
"""Takes the model, and adds to it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Added:
    """What a user's rules added to a formulation.

    Attributes
    ----------
    model
        The Pyomo model that the rules were written into.
    columns
        Its variables in the order of the formulation's columns, those of the user last.
    variables, constraints
        Components that were added, each perhaps indexed.
    """

    model: Any
    columns: Sequence[Any]
    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]

    def put(self, x: Floats) -> None:
        """Put a point into the variables, whole numbers as such."""
        write_point(self.columns, x)
        for variable in self.columns:
            if not variable.is_continuous():
                variable.set_value(round(variable.value), skip_validation=True)

    def values(self) -> dict[str, Values]:
        """Return the values of the user's variables by name: a number, or numbers by index."""
        return values_of(self.variables)

    def checks(self) -> Certificate:
        """Return whether each rule holds where the variables stand, evaluated by Pyomo from what the user wrote."""
        return rule_checks(self.constraints)


def add_rules(network: Network, m: Formulation, rules: RuleFunction) -> Added:
    """Let a user's function write into the model, and add what it wrote to the formulation.

    Parameters
    ----------
    m
        Rows and variables are added to it, and what only chooses among equal plans is dropped.

    Raises
    ------
    InvalidInput
        With everything that the rules have and a network's model cannot take, by the names that the user gave.
    """
    m.drop_choices()
    model = with_variables(m)
    columns = columns_of(model, m)
    limits = BoundsBefore(columns)
    ours = {id(component) for component in model.component_objects()}
    ours_by_name = set(vars(model))
    with told_in_the_users_words(network, model, m.rows):
        returned = rules(model)
    found = own_rows(network, model, columns, ours)
    looser, narrowed = limits.compared(columns)
    faults = [*looser, *found.faults, *left_outside(model, returned, ours_by_name)]
    if not faults and not found.constraints and not found.variables and narrowed is None:
        problem, remedy = "adds nothing to the model", "give each a name in it: model.NAME = Constraint(...)"
        faults.append(Fault(place="rules", problem=problem, remedy=remedy))
    if faults:
        raise InvalidInput(f"{network.name}: your rules", faults)
    open_to_rules(m, joined(m, found, narrowed))
    every = (*columns, *(data for variable in found.variables for data in variable.values()))
    return Added(model=model, columns=every, variables=found.variables, constraints=found.constraints)
