"""A certificate proves what its checks prove, and nothing when it has none."""

import json

import numpy as np
import pytest

from batteryopt.ground.certificate import Certificate, Check

GOOD = Check(name="feasible", residual=1e-9, tolerance=1e-6, detail="largest violation")
AT_THE_LIMIT = Check(name="limit", residual=1e-6, tolerance=1e-6)
BAD = Check(name="bound", residual=2e-6, tolerance=1e-6)
UNKNOWN = Check(name="best-response", residual=float("nan"), tolerance=1e-6)


def test_a_check_passes_up_to_its_tolerance():
    assert GOOD.passed
    assert AT_THE_LIMIT.passed
    assert not BAD.passed


def test_what_could_not_be_evaluated_has_not_passed():
    assert not UNKNOWN.passed


def test_an_empty_certificate_proves_nothing():
    assert not Certificate().passed


def test_failures_are_named():
    certificate = Certificate((GOOD, BAD, UNKNOWN))
    assert not certificate.passed
    assert [check.name for check in certificate.failures] == ["bound", "best-response"]
    assert certificate.verdict == "FAILED: bound, best-response"
    assert certificate["bound"] is BAD
    with pytest.raises(KeyError, match="no check named 'bond'; there are: feasible, bound, best-response"):
        certificate["bond"]


def test_certificates_add_up():
    assert len(Certificate((GOOD,)) + Certificate((BAD,))) == 2


def test_json_is_plain_even_for_numpy_numbers():
    check = Check(name="n", residual=np.float64(1e-9), tolerance=np.float64(1e-6))
    assert json.loads(json.dumps(Certificate((check, UNKNOWN)).to_json())) == [
        {"name": "n", "residual": 1e-9, "tolerance": 1e-6, "passed": True, "detail": "", "about": "rules"},
        {"name": "best-response", "residual": None, "tolerance": 1e-6, "passed": False, "detail": "", "about": "rules"},
    ]


def test_print_and_table():
    text = str(Certificate((GOOD, BAD)))
    assert "ok   feasible" in text
    assert "FAIL bound" in text
    assert Certificate((GOOD, BAD)).to_frame()["passed"].tolist() == [True, False]
