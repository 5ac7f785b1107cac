"""The exact routes against arithmetic, against each other and against the optimiser."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.ground.errors import FormulaDoesNotApply
from batteryopt.network.exact.closed_form import EchelonCase, enumerate_sites, line, tree, tree_distances
from batteryopt.network.solve import solve
from tests.network.echelon import echelon
from tests.network.everything import everything


def distances_on_a_line(x):
    return abs(np.subtract.outer(x, x))


def test_three_towns_by_hand():
    """Towns at 0, 10 and 30 km with 5, 4 and 3 t; opening costs 40, 50 and 45; 1 a t-km.

    One open: first 40 + 40 + 90 = 170; second 50 + 50 + 60 = 160; third 45 + 150 + 80 = 275. First and third:
    85 + min(10, 20) x 4 = 125; first and second 90 + 20 x 3 = 150; second and third 95 + 50 = 145; all 135.
    """
    x = np.array([0.0, 10, 30])
    case = EchelonCase.of(echelon(distances_on_a_line(x), [5, 4, 3], [40, 50, 45]))
    assert case.cost([1]) == pytest.approx(160)
    optimum = enumerate_sites(case)
    assert optimum.cost == pytest.approx(125)
    assert optimum.sites == ("town0", "town2")
    assert enumerate_sites(case, count=1).cost == pytest.approx(160)
    cost, sites = line(x, np.array([5.0, 4, 3]), np.array([40.0, 50, 45]))
    assert (cost, sites) == (pytest.approx(125), [0, 2])


def test_uncollected_by_hand():
    """At 5 a tonne left, the middle town's 4 t (40 to carry) are left for 20: 85 + 20 = 105; leaving all costs 60."""
    x = np.array([0.0, 10, 30])
    case = EchelonCase.of(echelon(distances_on_a_line(x), [5, 4, 3], [40, 50, 45], uncollected=5))
    assert case.cost([0, 2]) == pytest.approx(105)
    assert enumerate_sites(case).cost == pytest.approx(60)
    assert enumerate_sites(case).sites == ()


def test_line_and_enumeration_agree():
    generator = np.random.default_rng(3)
    for n in (1, 2, 5, 9):
        x, w, f = generator.uniform(0, 100, n), generator.uniform(0, 10, n), generator.uniform(10, 300, n)
        expected = enumerate_sites(EchelonCase.of(echelon(distances_on_a_line(x), w, f)))
        cost, sites = line(x, w, f)
        assert cost == pytest.approx(expected.cost)
        assert tuple(f"town{i}" for i in sites) == expected.sites


def random_tree(n, generator):
    parents = [-1, *(int(generator.integers(0, v)) for v in range(1, n))]
    return parents, np.array([0.0, *generator.uniform(1, 30, n - 1)])


@pytest.mark.parametrize("n", [1, 2, 6, 9])
def test_tree_and_enumeration_agree(n):
    generator = np.random.default_rng(n)
    parents, lengths = random_tree(n, generator)
    w, f = generator.uniform(0, 10, n), generator.uniform(10, 200, n)
    case = EchelonCase.of(echelon(tree_distances(parents, lengths), w, f))
    assert tree(parents, lengths, w, f) == pytest.approx(enumerate_sites(case).cost)
    for count in range(1, min(n, 4) + 1):
        expected = enumerate_sites(case, count=count).cost
        assert tree(parents, lengths, w, f, count=count) == pytest.approx(expected)


def test_a_line_is_a_tree_of_a_hundred_towns():
    """Two recursions that share no code, where no enumeration could follow."""
    generator = np.random.default_rng(5)
    x = np.sort(generator.uniform(0, 1000, 100))
    w, f = generator.uniform(0, 10, 100), generator.uniform(100, 900, 100)
    parents, lengths = list(range(-1, 99)), np.concatenate([[0.0], np.diff(x)])
    assert tree(parents, lengths, w, f) == pytest.approx(line(x, w, f)[0])


def test_optimiser_agrees_on_a_tree_of_sixty_towns():
    generator = np.random.default_rng(7)
    parents, lengths = random_tree(60, generator)
    w, f = generator.uniform(1, 10, 60), generator.uniform(50, 400, 60)
    answer = solve(echelon(tree_distances(parents, lengths), w, f), gap=0.0)
    assert answer.run.point_status == "optimal"
    assert answer.objective == pytest.approx(tree(parents, lengths, w, f), rel=1e-6)
    assert answer.certificate.passed


def test_the_formula_says_why_it_does_not_apply():
    with pytest.raises(FormulaDoesNotApply) as caught:
        EchelonCase.of(everything())
    assert "there is more than one period" in caught.value.conditions
    assert "something is stored, sold or disposed of" in caught.value.conditions


def test_too_many_sites_are_refused():
    case = EchelonCase.of(echelon(np.zeros((21, 21)), np.ones(21), np.ones(21)))
    with pytest.raises(FormulaDoesNotApply, match="21 sites are more than 20"):
        enumerate_sites(case)
