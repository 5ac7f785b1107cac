"""What is asked of `batteryopt.solve` in Python is judged as on the command line; instances are told in a line."""

from __future__ import annotations

import numpy as np
import pytest

import batteryopt
from batteryopt.ground.errors import InvalidInput
from tests.command_line import ROOT, TABLE_2

GAME = batteryopt.read(TABLE_2)
HAND = batteryopt.read(ROOT / "data" / "networks" / "hand")


@pytest.mark.parametrize(
    ("instance", "models", "options", "words"),
    [
        (GAME, ["contarct"], {}, "models: 'contarct' is no model of kind 'coordination'; did you mean 'contract'?"),
        (GAME, "contarct", {}, "did you mean 'contract'?"),
        (GAME, [3], {}, "models: '3' is no model"),
        (GAME, 3, {}, "models: '3' is no model"),
        (GAME, [], {"routte": "both"}, "routte: is no option of kind 'coordination'; did you mean 'route'?"),
        (GAME, [], {"route": "otpimizer"}, "route: is the text 'otpimizer'; did you mean 'optimizer'?"),
        (GAME, [], {"solver": "higs"}, "solver: no solver 'higs'; did you mean 'highs'?"),
        (GAME, [], {"solver": 3}, "solver: is 3; expected a solver's name"),
        (GAME, [], {"time_limit": "x"}, "time_limit: is the text 'x'; expected a number above 0"),
        (GAME, [], {"time_limit": -1}, "time_limit: is -1; expected a number above 0"),
        (GAME, [], {"gap": float("nan")}, "gap: is nan; expected a number of at least 0"),
        (GAME, [], {"threads": 10**6}, "on this machine"),
        (GAME, [], {"threads": 1.5}, "threads: is 1.5; expected a whole number of at least 1"),
        (GAME, [], {"objective": "cost"}, "objective: is no option of kind 'coordination'"),
        (HAND, ["desing"], {}, "did you mean 'design'?"),
        (HAND, [], {"objective": "cots"}, "objective: 'cots' is unknown; did you mean 'cost'?"),
        (HAND, [], {"objective": {"cost": -1.0}}, "objective, cost: has the weight -1.0; expected a weight above 0"),
        (3, [], {}, "instance: is 3; give what batteryopt.read returns"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_the_right_name(instance, models, options, words):
    with pytest.raises(InvalidInput) as caught:
        batteryopt.solve(instance, models, **options)
    assert words in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        batteryopt.solve(GAME, ["contarct"], route="x", time_limit=-1, gap=-1, thread=2)
    assert len(caught.value.faults) == 5


def test_numbers_of_numpy_are_numbers():
    result = batteryopt.solve(GAME, ["centralized"], route="closed-form", time_limit=np.float64(5), threads=np.int64(1))
    with pytest.raises(InvalidInput, match="did you mean 'centralized'"):
        result["centralised"]


def test_the_name_of_an_objective_will_do():
    result = batteryopt.solve(HAND, objective="emissions")
    assert result["design"].objective_kind == {"emissions": 1.0} or str(result["design"].objective_kind) == "emissions"


@pytest.mark.parametrize("path", sorted((ROOT / "data").glob("*/*.toml")), ids=lambda path: path.stem)
def test_an_instance_shows_itself_in_a_line(path):
    game = batteryopt.read(path)
    assert len(repr(game)) < 400
    assert "\n" not in repr(game)
    assert game.name in repr(game)
    assert len(repr(HAND)) < 400


LARGE = (1e308, -1e308, 1e16, float("inf"), float("nan"), 10**400, 1e-308)


def _with(value, number):
    """Return a value with its first number changed, however deep in lists it is."""
    return (_with(value[0], number), *value[1:]) if isinstance(value, tuple) and value else number


@pytest.mark.parametrize("path", sorted((ROOT / "data").glob("*/*.toml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("number", LARGE, ids=lambda number: str(number)[:6])
def test_no_field_of_a_game_takes_a_number_that_cannot_be_computed_with(path, number):
    """Every field, by what the class knows of it: those that have no value here, too; and all of them told at once."""
    game = batteryopt.read(path)
    texts = [name for name, field in type(game).model_fields.items() if field.annotation in (str, bool)]
    changes = {name: _with(getattr(game, name), number) for name in type(game).model_fields if name not in texts}
    for name, value in changes.items():
        with pytest.raises(InvalidInput) as caught:
            game.replace(**{name: value})
        assert any(fault.place.startswith(name) for fault in caught.value.faults)
    with pytest.raises(InvalidInput) as caught:
        game.replace(**changes)
    assert {fault.place.partition("[")[0] for fault in caught.value.faults} >= changes.keys()
