"""Everything numbered in a paper is reproduced or judged somewhere, and what stands there exists."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from batteryopt.games.coordination.paper import numbered as coordination
from batteryopt.games.differential.paper import drawn_figures as differential_figures
from batteryopt.games.differential.paper import numbered as differential
from batteryopt.games.shell.numbering import CODE, DOCS, NOTHING, Counted, Numbered, PaperContents

DOCUMENTATION = Path(__file__).parents[3] / "docs"
CONTENTS = {"coordination": coordination.CONTENTS, "differential-game": differential.CONTENTS}
COUNTED = {
    "coordination": {
        Counted.ASSUMPTION: 4,
        Counted.EQUATION: 14,
        Counted.PROPOSITION: 6,
        Counted.FIGURE: 2,
        Counted.TABLE: 2,
    },
    "differential-game": {
        Counted.EQUATION: 35,
        Counted.PROPOSITION: 7,
        Counted.COROLLARY: 5,
        Counted.FIGURE: 5,
        Counted.TABLE: 2,
    },
}
"""How far each paper counts, from its pages."""
LETTERS = {"coordination": {}, "differential-game": {2: "ab", 3: "abc", 4: "ab"}}
"""Figures of several parts."""
DRAWN = {
    "coordination": {"Fig. 1", "Fig. 2", "(14)"},
    "differential-game": {figure.number for figure in differential_figures.redrawn({})},
}
PAPERS = sorted(CONTENTS)


@pytest.mark.parametrize("paper", PAPERS)
def test_nothing_numbered_is_left_out(paper):
    items = CONTENTS[paper].items
    for part, last in COUNTED[paper].items():
        assert [i.number for i in items if i.part is part and i.letter in ("", "a")] == list(range(1, last + 1))
    assert {item.part for item in items} == set(COUNTED[paper])
    for number, letters in LETTERS[paper].items():
        assert "".join(i.letter for i in items if i.part is Counted.FIGURE and i.number == number) == letters
    assert len({item.label for item in items}) == len(items)


def missing(contents: PaperContents, drawn: set[str]) -> list[str]:
    """Return what is said to stand somewhere and does not, and items that say nothing."""
    return [
        f"{item.label}: {place}"
        for item in contents.items
        for place in item.places
        if not exists(place, contents, drawn)
    ] + [item.label for item in contents.items if not item.places or not item.words]


def exists(place: str, contents: PaperContents, drawn: set[str]) -> bool:
    kind, _, name = place.partition(" ")
    if kind == CODE:
        module, _, attribute = name.partition(":")
        return hasattr(importlib.import_module(module), attribute)
    if kind == DOCS:
        return (DOCUMENTATION / name).is_file()
    if kind == "figure":
        return name in drawn
    return kind == NOTHING or place in contents.judged


@pytest.mark.parametrize("paper", PAPERS)
def test_every_place_exists(paper):
    assert missing(CONTENTS[paper], DRAWN[paper]) == []


@pytest.mark.parametrize(
    "place",
    [
        "code batteryopt.games.shell.numbering:Nothing",
        "docs nowhere.md",
        "figure Fig. 9",
        "formula (99)",
        "fault of mine",
    ],
)
def test_a_place_that_is_not_there_is_noticed(place):
    item = Numbered(part=Counted.EQUATION, number=1, words="something", places=(place,))
    assert missing(PaperContents(items=(item,), judged={"formula (1)": True}), {"Fig. 1"}) == [f"(1): {place}"]
    silent = replace(item, places=())
    assert missing(PaperContents(items=(silent,), judged={}), set()) == ["(1)"]


@pytest.mark.parametrize("paper", PAPERS)
def test_every_drawn_figure_is_in_the_contents(paper):
    named = {place for item in CONTENTS[paper].items for place in item.places if place.startswith("figure ")}
    assert named == {f"figure {number}" for number in DRAWN[paper]}


def test_what_is_misprinted_is_said_to_be():
    """The lists of the READMEs: of the first paper (11), Prop. 3 to 5, Tables 1 and 2; of the other eight equations."""
    wrong = {
        paper: {i.label for i in contents.items if contents.is_as_printed(i) is False}
        for paper, contents in CONTENTS.items()
    }
    assert {"(11)", "Prop. 3", "Prop. 4", "Prop. 5", "Table 1", "Table 2"} <= wrong["coordination"]
    equations = {label for label in wrong["differential-game"] if label.startswith("(")}
    # A_3 stands in (13), B_2 in (14), and both in (15); (29) is the second line of (28).
    assert equations == {"(4)", "(13)", "(14)", "(15)", "(19)", "(20)", "(28)", "(29)", "(30)", "(35)"}
    assert "(16)" not in wrong["differential-game"]


def test_json_says_where_and_whether():
    rows = {row["item"]: row for row in CONTENTS["coordination"].to_json()}
    assert rows["(11)"]["as_printed"] is False
    assert rows["(14)"]["as_printed"] is True
    assert rows["(6)"]["as_printed"] is True
    assert rows["Assumption 1"]["as_printed"] is None
    assert set(rows["Fig. 2"]) == {"item", "what", "where", "as_printed"}
