"""Capacities of single products, on cases whose answers are counted by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.foresight import foresee
from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    InvalidNetwork,
    Level,
    LevelProduct,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
    Sizes,
    Standing,
)
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.formulation_arrays import column_names
from batteryopt.network.judge.check import check
from batteryopt.network.solve import solve

CUT = Recipe(name="cut", inputs=(("cells", 1),), outputs=())
MELT = Recipe(name="melt", inputs=(("packs", 1),), outputs=())
LINES = (CUT, MELT)


def lines(cells: float, packs: float) -> tuple[LevelProduct, ...]:
    """Return capacities of both products."""
    return (LevelProduct(product="cells", capacity_t=cells), LevelProduct(product="packs", capacity_t=packs))


def size(name: str, capacity: float, cost: float, cells: float, packs: float) -> Level:
    return Level(name=name, capacity_t=capacity, opening_cost=cost, by_product=lines(cells, packs))


def works(*levels: Level, cells: float = 6.0, packs: float = 6.0, **kind: object) -> Network:
    """Return town T with cells and packs; a works may stand at P, 1 a tonne away, and at Q, 4 a tonne away.

    What is left costs 100 a tonne, so that all is taken as far as there is room.
    """
    return Network(
        name="works",
        periods=(Period(name="1"),),
        products=(Product(name="cells", uncollected_cost_per_t=100), Product(name="packs", uncollected_cost_per_t=100)),
        sites=(Site(name="T"), Site(name="P"), Site(name="Q")),
        returns=(Return(site="T", product="cells", tonnes=cells), Return(site="T", product="packs", tonnes=packs)),
        types=(FacilityType(name="works", recipes=LINES, levels=levels, **kind),),  # type: ignore[arg-type]
        candidates=(Candidate(site="P", type="works"), Candidate(site="Q", type="works")),
        modes=(Mode(name="way", distance="km", cost_per_t_km=1),),
        distances={"km": np.array([[0.0, 1, 4], [1, 0, 9], [4, 9, 0]])},
    )


def test_a_product_has_room_of_its_own():
    """One works takes 12 t in all, and that is what returns: 50 + 12 x 1 = 62 without lines.

    Its lines take 6 t of cells and 4 of packs: 2 t of packs go to a second works at Q, 50 + 50 + 10 x 1 + 2 x 4 = 118;
    left they would cost 200.
    """
    alone = Level(name="S", capacity_t=12, opening_cost=50)
    assert solve(works(alone), gap=0.0).objective == pytest.approx(62)
    answer = solve(works(size("S", 12, 50, 6, 4)), gap=0.0)
    assert answer.objective == pytest.approx(118)
    assert answer.certificate.passed


def test_capacity_in_all_holds_beside_the_lines():
    """Lines for 6 t each and 8 t in all: 4 t have to go to Q, 100 + 8 x 1 + 4 x 4 = 124."""
    assert solve(works(size("S", 8, 50, 6, 6)), gap=0.0).objective == pytest.approx(124)


def test_a_size_is_raised_for_one_product():
    """The larger size has room for 6 t of packs: 80 + 12 = 92, less than two small ones for 118."""
    answer = solve(works(size("S", 12, 50, 6, 4), size("L", 20, 80, 6, 6)), gap=0.0)
    assert answer.objective == pytest.approx(92)
    assert answer.solution.facilities["level"].tolist() == ["L"]


def test_between_levels_lines_grow_with_the_size():
    """From S (12 t; packs 4) to L (20 t; packs 8) a tonne of packs more is 2 t of size more, at 30 / 8 each.

    6 t of packs ask for 16 t: 50 + 4 x 30 / 8 + 12 = 77.
    """
    network = works(size("S", 12, 50, 6, 4), size("L", 20, 80, 6, 8), sizes=Sizes.BETWEEN)
    answer = solve(network, gap=0.0)
    assert answer.objective == pytest.approx(77)
    assert answer.solution.facilities["capacity_t"].tolist() == pytest.approx([16])
    assert answer.certificate.passed


def test_half_a_tonne_in_a_recipe_counts_half():
    """A recipe of half a tonne of cells and of packs: 4 t of cells let 8 t be worked, 2 t of each are left: 400.

    8 t worked are 8 t brought for 8, and 50 for the works: 458. A second works for 50 + 4 x 4 is worth its money:
    50 + 8 + 50 + 16 = 124.
    """
    both = Recipe(name="both", inputs=(("cells", 0.5), ("packs", 0.5)), outputs=())
    line = (LevelProduct(product="cells", capacity_t=4),)
    network = works(Level(name="S", capacity_t=12, opening_cost=50, by_product=line))
    kind = dataclasses.replace(network.types[0], recipes=(both,))
    network = network.replace(types=(kind,))
    assert solve(network, gap=0.0).objective == pytest.approx(124)
    alone = network.replace(candidates=network.candidates[:1])
    assert solve(alone, gap=0.0).objective == pytest.approx(458)


def test_a_place_has_lines_of_its_own():
    """At P packs have room for 6 t there alone: one works, 50 + 12 = 62."""
    network = works(size("S", 12, 50, 6, 4))
    own = dataclasses.replace(network.candidates[0], levels=(size("S", 12, 50, 6, 6),))
    network = network.replace(candidates=(own, network.candidates[1]))
    assert solve(network, gap=0.0).objective == pytest.approx(62)


def test_the_check_sees_a_line_that_is_too_full():
    plan = solve(works(Level(name="S", capacity_t=12, opening_cost=50)), gap=0.0).solution
    narrow = works(size("S", 12, 50, 6, 4))
    failure = check(dataclasses.replace(plan, network=narrow))["capacity-of-each-product"]
    assert not failure.passed
    assert failure.detail == "P/works/packs/1"
    assert failure.residual == pytest.approx(2 / 4)  # 6 t where 4 are allowed
    assert check(plan)["capacity-of-each-product"].passed


def test_what_a_line_lacks_is_seen_before_anything_is_solved():
    """All returns of packs must be taken: 20 t, and both works have room for 4 t each."""
    network = works(size("S", 30, 50, 6, 4), packs=20.0)
    must = tuple(dataclasses.replace(p, uncollected_cost_per_t=None) for p in network.products)
    (fault,) = foresee(network.replace(products=must))
    assert fault.place == "product 'packs', period '1'"
    assert fault.problem.startswith("at least 12 t have nowhere to go")


def test_what_stands_in_the_way_is_named():
    """P alone stands, with room for 4 t of packs whichever of two recipes they go through; 2 t are too many."""
    network = works(size("S", 12, 50, 6, 4))
    kind = dataclasses.replace(network.types[0], recipes=(*LINES, dataclasses.replace(MELT, name="crush")))
    network = network.replace(types=(kind,))
    must = tuple(dataclasses.replace(p, uncollected_cost_per_t=None) for p in network.products)
    closed = dataclasses.replace(network.candidates[1], standing=Standing.CLOSED)
    answer = solve(network.replace(products=must, candidates=(network.candidates[0], closed)), gap=0.0)
    assert answer.solution is None
    (conflict,) = answer.conflicts
    assert (conflict.place, conflict.unit) == ("P/works/packs", "t of the product beyond its own capacity")
    assert conflict.amount == pytest.approx(2)


def test_all_faults_are_told_at_once():
    levels = (
        Level(name="S", capacity_t=12, by_product=(*lines(6, 4), LevelProduct(product="pack", capacity_t=1))),
        Level(name="M", capacity_t=15, by_product=lines(6, 3)),
        Level(name="L", capacity_t=20, by_product=lines(6, 4)[:1]),
    )
    with pytest.raises(InvalidNetwork) as refused:
        works(*levels)
    told = {(fault.place, fault.problem, fault.remedy) for fault in refused.value.faults}
    assert any(problem == "'pack' is not declared" for _, problem, _ in told)
    assert any(problem == "'pack' is used by no recipe of 'works'" and "'packs'" in r for _, problem, r in told)
    assert any(problem == "is 3, and the smaller size 'S' has 4" for _, problem, _ in told)
    assert any(problem == "has no capacity of 'packs', and another size of 'works' has one" for _, problem, _ in told)
    assert len(told) == 4


def test_whole_sizes_cover_each_product():
    """6 t of packs at sizes of 4 t: P and Q times 4 t, and what is left, are 6 t or more; rounded up, two are needed.

    Divided by 4 t the need is 1.5 sizes: y_P + y_Q + 2 (left / 4) >= 2, by a right side of 1 half of that.
    """
    m = build(works(size("S", 12, 50, 6, 4)))
    rows, names = m.rows["whole_sizes_cover_the_need"], list(column_names(m))
    found = [
        {names[v]: c for v, c in zip(rows.variable[rows.row == i], rows.coefficient[rows.row == i], strict=True)}
        for i in range(len(rows))
    ]
    open_, left = ("is_open[P,works,S,1]", "is_open[Q,works,S,1]"), "uncollected[T,packs,1]"
    assert pytest.approx({open_[0]: 4 / 6, open_[1]: 4 / 6, left: 1 / 6}) in found
    assert pytest.approx({open_[0]: 1 / 2, open_[1]: 1 / 2, left: 1 / 4}) in found
