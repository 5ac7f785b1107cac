"""The command `tour`, with the network that is solved by hand in place of the province."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import webbrowser
import zipfile
from pathlib import Path

import pytest

from batteryopt.cli import tour as module
from batteryopt.ground import examples
from batteryopt.ground.errors import InvalidInput
from tests.command_line import HEED_CTRL_C, ROOT, invoke, run, started

HAND = ROOT / "data" / "networks" / "hand"
OWN_TERMINAL = f"{HEED_CTRL_C}\nimport fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
COMMAND = re.compile(r"^  \$ (batteryopt .*)$", flags=re.MULTILINE)


@pytest.fixture
def quick(monkeypatch):
    """The steps but for the paper's, which has tests of its own."""
    monkeypatch.setattr(module, "_paper", lambda made: module.ExitStatus.SOLVED)


def test_the_tour_goes_through_and_its_commands_repeat_it(tmp_path):
    found = run("tour", "--network", HAND, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert found.returncode == 0, found.stderr
    assert [line.partition(".")[0] for line in found.stdout.splitlines() if line.startswith("Step")] == [
        "Step 1 of 3",
        "Step 2 of 3",
        "Step 3 of 3",
    ]
    assert "Formula and optimiser agree on 18 of 18 figures" in found.stdout
    assert "NO, 26.00 too large" in found.stdout
    assert "Net present cost -7,640.00 EUR" in found.stdout  # as worked out in the README of the network
    page = tmp_path / "batteryopt-tour" / "plan.html"
    assert f"It lies here: {page}" in found.stdout
    assert "Two cities and a smelter" in page.read_text(encoding="utf-8")
    assert "Enter goes on" not in found.stdout + found.stderr
    assert "Running HiGHS" not in found.stdout + found.stderr
    page.unlink()
    commands = COMMAND.findall(found.stdout)
    assert commands[0] == "batteryopt reproduce coordination"
    for command in commands[1:]:
        again = run(*command.split()[1:], cwd=tmp_path)
        assert again.returncode == 0, f"{command}\n{again.stderr}"
    assert page.exists()


def test_the_province_is_what_a_tour_plans(quick, monkeypatch, tmp_path):
    asked = []
    solved = module.ExitStatus.SOLVED
    monkeypatch.setattr(module, "_plan", lambda made, limit, **_: asked.append(made.network) or solved)
    monkeypatch.setattr(module, "_page", lambda made, wanted, **_: module.ExitStatus.SOLVED)
    assert invoke("tour", "--out", tmp_path / "here").exit_code == 0
    (copy,) = asked
    province = ROOT / "data" / "networks" / "china-province"
    assert {file.name for file in copy.iterdir()} == {file.name for file in province.iterdir()}
    assert (tmp_path / "here" / "table2.toml").read_bytes() == (ROOT / "data/coordination/table2.toml").read_bytes()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    mine = tmp_path / "mine"
    (mine / "plan").mkdir(parents=True)
    (mine / "plan" / "thesis.txt").write_text("years of work")
    found = invoke("tour", "--out", mine, "--network", HAND)
    assert found.exit_code == 2
    assert "is not empty, and no tour wrote it; give another folder" in found.stderr
    assert [path.name for path in mine.rglob("*")] == ["plan", "thesis.txt"]
    (tmp_path / "file").write_text("")
    assert invoke("tour", "--out", tmp_path / "file", "--network", HAND).exit_code == 2


def test_a_tour_goes_into_the_folder_of_the_last_one(quick, tmp_path):
    for _ in range(2):
        assert invoke("tour", "--out", tmp_path / "here", "--network", HAND).exit_code == 0
        (tmp_path / "here" / "notes.txt").write_text("kept")
    assert (tmp_path / "here" / "notes.txt").exists()
    assert not list((tmp_path / "here").rglob(".part-*"))


def test_a_network_in_the_tour_s_own_folder_is_not_lost(quick, tmp_path):
    assert invoke("tour", "--out", tmp_path / "here", "--network", HAND / "network.toml").exit_code == 0
    copy = tmp_path / "here" / "network"
    found = invoke("tour", "--out", tmp_path / "here", "--network", copy)
    assert found.exit_code == 2
    assert "copy it elsewhere first" in found.stderr
    assert {file.name for file in copy.iterdir()} == {file.name for file in HAND.iterdir()}


def test_faults_are_told_before_anything_is_written(tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(HAND, broken)
    (broken / "products.csv").write_text("product\n")
    for words in (["--network", broken], ["--network", examples.example(examples.GAME)], ["--time-limit", "-3"]):
        found = invoke("tour", "--out", tmp_path / "here", *words)
        assert found.exit_code == 2, words
        assert not (tmp_path / "here").exists()


def test_the_page_is_opened_only_where_asked(quick, monkeypatch, tmp_path):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or False)
    assert invoke("tour", "--out", tmp_path / "here", "--network", HAND).exit_code == 0
    assert not opened
    found = invoke("tour", "--open", "--out", tmp_path / "here", "--network", HAND)
    assert found.exit_code == 0
    assert opened == [(tmp_path / "here" / "plan.html").as_uri()]
    assert "no browser could be started" in found.stderr


def test_without_plotly_the_plan_is_there_and_the_page_is_missed(quick, monkeypatch, tmp_path):
    from batteryopt.report import write

    find = write.importlib.util.find_spec
    monkeypatch.setattr(write.importlib.util, "find_spec", lambda name: None if name == "plotly" else find(name))
    found = invoke("tour", "--out", tmp_path / "here", "--network", HAND)
    assert found.exit_code == 1
    assert "pip install 'batteryopt[plot]'" in found.stderr
    assert (tmp_path / "here" / "plan" / "result.json").exists()
    assert not (tmp_path / "here" / "plan.html").exists()


def test_the_end_of_what_is_typed_leaves_too(quick, monkeypatch, tmp_path):
    def nothing_more(keys):
        raise EOFError

    monkeypatch.setattr(module, "_wait", nothing_more)
    found = invoke("tour", "--out", tmp_path / "here", "--network", HAND)
    assert found.exit_code == 4
    assert "You left at step 1 of 3." in found.stderr


def test_at_a_terminal_it_waits_and_can_be_left(tmp_path):
    """A terminal of its own, in which somebody goes one step and then leaves."""
    here, there = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    streams = {"stdin": there, "stdout": there, "stderr": there}
    more = {"cwd": tmp_path, "env": environment, "start_new_session": True}
    with started("tour", "--network", HAND, first=OWN_TERMINAL, **more, **streams) as process:
        os.close(there)
        seen = _read_until(here, "Ctrl-C leaves ")
        assert "Step 1 of 3" in seen
        assert "Step 2 of 3" not in seen
        os.write(here, b"\n")
        seen = _read_until(here, "Ctrl-C leaves ")
        assert "Step 2 of 3" in seen
        os.write(here, b"\x03")
        seen = _read_until(here, "batteryopt tour\r\n")
        assert process.wait(30) == 4
    os.close(here)
    assert "You left at step 2 of 3. What was made so far lies in batteryopt-tour." in seen.replace("\r\n", " ")
    assert "Traceback" not in seen
    assert (tmp_path / "batteryopt-tour" / "plan" / "result.json").exists()
    assert not (tmp_path / "batteryopt-tour" / "plan.html").exists()


def _read_until(here: int, words: str, seconds: float = 90) -> str:
    text, end = "", time.monotonic() + seconds
    while words not in text:
        ready, _, _ = select.select([here], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"'{words}' never came:\n{text}"
        text += os.read(here, 4096).decode(errors="replace")
    return text


def test_ctrl_c_in_a_step_leaves_politely(tmp_path):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started("tour", "--network", HAND, cwd=tmp_path, **streams) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it has begun to compute
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "You left at step 1 of 3. What was made so far lies in batteryopt-tour." in said
    assert "Traceback" not in said


def test_an_installation_without_the_examples_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(examples, "PLACES", (tmp_path / "nowhere",))
    with pytest.raises(InvalidInput, match=r"does not come with this installation; .*data/coordination/table2\.toml"):
        examples.example(examples.GAME)


def test_a_wheel_brings_the_examples(tmp_path):
    """Built from a copy, offline, by the build backend alone."""
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("batteryopt", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pytest.importorskip("setuptools", minversion="77", reason="the build backend is not installed here")
    build = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=source, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (examples.GAME, examples.PROVINCE):
        path = ROOT / "data" / name
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        wanted = {f"batteryopt/data/{Path(file).relative_to(ROOT / 'data').as_posix()}" for file in files}
        assert wanted <= names
