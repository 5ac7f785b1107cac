"""Sums as CSV: what a computer adds up is shown as people add it up."""

import math

import pandas as pd

from batteryopt.ground.files import csv_of_sums


def test_rounding_of_sums_is_not_shown() -> None:
    # 0.1 + 0.2 is 0.30000000000000004; 448.6 - 408 is 40.60000000000002; 1.1 - 1 - 0.1 is 8e-17 and stands for 0
    table = pd.DataFrame({"tonnes": [0.1 + 0.2, 448.6 - 408.0, 1.1 - 1.0 - 0.1, 179.999999999994, 5e4, -0.0]})
    assert csv_of_sums(table).split() == ["tonnes", "0.3", "40.6", "0", "180", "50000", "0"]


def test_small_numbers_among_small_ones_stay() -> None:
    table = pd.DataFrame({"a": [6e-13, 3e-13], "b": [math.inf, 2.5], "c": [math.nan, 1e-9]})
    assert csv_of_sums(table).splitlines() == ["a,b,c", "6e-13,inf,", "3e-13,2.5,1e-09"]
