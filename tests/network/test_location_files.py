"""Published location problems as networks: optima by hand on tiny files, what is refused, the command."""

from __future__ import annotations

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.location import read_capacitated, read_two_stage
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.command_line import invoke

CAP = """ 2 3
 capacity 10.
 capacity 6.
 4.
 8. 20.
 3.
 9. 3.
 5.
 5. 25.
"""
"""Both sites cost 16; 12 t return. Serving all of a zone from the first costs 8, 9, 5; from the second 20, 3, 25."""
PSC = "2 2 2  4 6  10 7  20 5  1 2  3 1  10 3  10 4  1 5  2 1"
"""Plants (10 for 7, 20 for 5), satellites (10 for 3, 10 for 4), customers of 4 and 6 units."""


def stated(text):
    """Return the text with a number in place of the word that leaves capacity open."""
    return text.replace("capacity", "1")


def written(folder, text):
    path = folder / "case.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_stage_by_hand(tmp_path):
    """Capacity 12: the first site alone takes all, 10 + 8 + 9 + 5 = 32; both cost 17 + 8 + 3 + 5 = 33."""
    network = read_capacitated(written(tmp_path, stated(CAP.replace("capacity 6", "capacity 7"))), capacity=12)
    answer = solve(network, gap=0)
    assert answer.objective == pytest.approx(10 + 8 + 9 + 5)
    assert [c.site for c in network.candidates] == ["site1", "site2"]


def test_demand_is_split_where_a_site_is_full(tmp_path):
    """Capacity 8: both stand. Zone 2 (3 t) goes to the second; of the first's 9 t one too many goes there, too.

    Zone 1 costs 2 a tonne at the first and 5 at the second, zone 3 costs 1 and 5: a tonne of zone 1 moves, 3 more.
    """
    network = read_capacitated(written(tmp_path, stated(CAP)), capacity=8)
    assert solve(network, gap=0).objective == pytest.approx(16 + 8 + 3 + 5 + 3)


def test_the_word_capacity_is_the_one_that_is_given(tmp_path):
    """As the large files are published: the word in every site's place, here both of 8 as above."""
    network = read_capacitated(written(tmp_path, CAP), capacity=8)
    assert solve(network, gap=0).objective == pytest.approx(16 + 8 + 3 + 5 + 3)


def test_two_stages_by_hand(tmp_path):
    """The satellites cost 3 and 4, the plants 7 and 5; a unit costs 1 or 3, 2 or 1 between; 1, 5 and 2, 1 to customers.

    The second of each: 5 + 4 + 10 x 1 + 4 x 2 + 6 x 1 = 33, 10 units through a satellite of 10. The first satellite
    alone: 4 x 1 + 6 x 5 = 34 already; both satellites and the second plant: 5 + 7 + 4 (3 + 1) + 6 (1 + 1) = 40.
    """
    answer = solve(read_two_stage(written(tmp_path, PSC)), gap=0)
    assert answer.objective == pytest.approx(33)
    assert set(answer.solution.facilities["site"]) == {"satellite2", "plant2"}


OF_TWO = "1 1 2 2  3 4 1 2  9 3 50  2  5  8 9 40  1 3  4 2"
"""A plant (9 and 3 for 50), a satellite (8 and 9 for 40), two customers: 3 and 4 units of two products, 1 and 2."""


def test_two_stages_of_two_products_by_hand(tmp_path):
    """Costs a unit: 2 and 5 from the plant; of the first product 1 and 3 to customers, of the second 4 and 2.

    50 + 40 + (3 + 1) 2 + (4 + 2) 5 + 3 x 1 + 1 x 3 + 4 x 4 + 2 x 2 = 154, were there room for 6 units of the second
    product at the plant; there is for 3, whatever room the 4 units of the first leave.
    """
    narrow = read_two_stage(written(tmp_path, OF_TWO))
    assert [p.name for p in narrow.products] == ["goods1", "goods2", "gathered1", "gathered2"]
    assert narrow.candidates[1].levels[0].capacity_t == 12
    assert narrow.candidates[1].levels[0].capacity_of("gathered2") == 3
    assert solve(narrow, gap=0).solution is None
    wide = read_two_stage(written(tmp_path, OF_TWO.replace("9 3 50", "9 6 50")))
    answer = solve(wide, gap=0)
    assert answer.objective == pytest.approx(154)
    assert answer.certificate.passed


def test_a_file_of_several_products_that_lacks_a_number_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"its sizes ask for|ends after"):
        read_two_stage(written(tmp_path, OF_TWO.removesuffix(" 2")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CAP, "has a word"),
        (CAP.replace("capacity", "9") + " 7", "its sizes ask for"),
        (CAP.replace("capacity", "9")[:30], "ends after"),
        ("1.5 3", "has sizes"),
        ("", "ends after"),
        ("1 1 5 -1 1 1", "below 0"),
        ("1 1 5 1 0 3", "without demand"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, text, said):
    with pytest.raises(InvalidInput) as caught:
        read_capacitated(written(tmp_path, text))
    assert said in str(caught.value.faults[0])


def test_the_command_writes_a_network_that_can_be_read(tmp_path):
    out = tmp_path / "network"
    done = invoke("import", "orlib", written(tmp_path, CAP), "--capacity", "12", "--out", out)
    assert done.exit_code == 0
    assert solve(read(out), gap=0).objective == pytest.approx(32)
