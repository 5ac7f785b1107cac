"""What goes wrong around a command: the user's own files in its way, full disks, signals, streams that are gone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import batteryopt
from batteryopt.ground.owned import MANIFEST, digest
from batteryopt.network.tables import read, write
from batteryopt.report.page import figure
from batteryopt.report.tables import Table
from tests.command_line import ROOT, TABLE_2, invoke, run, started
from tests.network.same import differences

HAND = ROOT / "data" / "networks" / "hand"
PROVINCE = ROOT / "data" / "networks" / "china-province"
QUICK = ("solve", TABLE_2, "--route", "closed-form", "--model", "centralized")


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def mine(tmp_path, monkeypatch) -> Path:
    """A folder in which somebody has work of their own, and stands."""
    folder = tmp_path / "mine"
    for name in ("instance/network.toml", "instance/thesis.csv", "points/1/plan.txt", "points/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"my {name}")
    for name in ("instance.xlsx", "answers.csv", "facilities.csv", "sites.csv", "thesis.docx"):
        (folder / name).write_text(f"my {name}")
    monkeypatch.chdir(folder)
    return folder


# --- the user's own files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (QUICK, "answers.csv"),
        (("solve", HAND), "facilities.csv"),
        (("frontier", HAND, "--points", 2), "facilities.csv"),
    ],
)
def test_a_result_in_the_middle_of_somebody_s_work_is_refused_and_names_what_is_in_the_way(mine, words, named):
    before = contents_of(mine)
    found = invoke(*words, "--out", ".")
    assert found.exit_code == 2
    assert f"'{named}' is there, and batteryopt did not write it" in found.stderr
    assert "--overwrite" in found.stderr
    assert contents_of(mine) == before


def test_what_is_not_in_the_way_is_left_alone_by_results_one_after_the_other(mine):
    (mine / "answers.csv").unlink()
    before = contents_of(mine)
    for words in (QUICK, QUICK, (*QUICK, "--model", "decentralized")):
        assert invoke(*words, "--out", ".").exit_code == 0
        found = contents_of(mine)
        assert {name: found[name] for name in before} == before
    assert set(found) - set(before) == {MANIFEST, "answers.csv", "certificates.csv", "instance.toml", "result.json"}


def test_overwriting_is_said_and_takes_what_is_in_the_way_alone(mine):
    before = contents_of(mine)
    assert invoke(*QUICK, "--out", ".", "--overwrite").exit_code == 0
    found = contents_of(mine)
    assert {name for name in before if found[name] != before[name]} == {"answers.csv"}


def test_the_copy_of_a_network_does_not_get_mixed_up_with_other_tables(mine):
    (mine / "facilities.csv").unlink()
    found = invoke("solve", HAND, "--out", ".", "--overwrite")
    assert found.exit_code == 2
    assert "'instance/thesis.csv' is there" in found.stderr
    assert (mine / "instance" / "network.toml").read_text() == "my instance/network.toml"


def test_a_result_that_somebody_has_changed_since_is_theirs(tmp_path):
    assert invoke(*QUICK, "--out", tmp_path).exit_code == 0
    with (tmp_path / "answers.csv").open("a") as stream:
        stream.write("my remark\n")
    found = invoke(*QUICK, "--out", tmp_path)
    assert found.exit_code == 2
    assert "answers.csv' has been changed since we wrote it" in found.stderr
    assert "my remark" in (tmp_path / "answers.csv").read_text()
    assert invoke(*QUICK, "--out", tmp_path, "--overwrite").exit_code == 0


def _has_been_better(out: Path) -> None:
    """Let the saved plan have earned 1,000 more, as an earlier search might have found it."""
    path = out / "result.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["models"]["design"] |= {"objective": document["models"]["design"]["objective"] - 1000.0, "gap": None}
    path.write_text(json.dumps(document), encoding="utf-8")
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["result.json"] = [digest(path.read_bytes())]
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def test_a_plan_that_is_worse_does_not_replace_a_better_one_unasked(tmp_path):
    words = ("solve", HAND, "--gap", 0, "--out", tmp_path)
    for _ in range(2):  # the same again is no worse
        assert "saved in" in invoke(*words).stderr
    _has_been_better(tmp_path)
    kept = contents_of(tmp_path)
    found = invoke(*words)
    assert found.exit_code == 0
    assert "keeps the better result" in found.stderr
    assert "-7,640.00" in found.stdout  # as the README of the network derives it
    assert contents_of(tmp_path) == kept
    assert invoke(*words, "--overwrite").exit_code == 0
    found = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert found["models"]["design"]["objective"] == pytest.approx(-7640.0)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("sweep", TABLE_2, "--vary", "usable_share=0.5:0.6:2", "--model", "centralized"), "table.csv"),
        (("report", "result"), "page.html"),
        (("report", "result"), "book.xlsx"),
        (("export", HAND), "network"),
        (("export", HAND), "network.xlsx"),
    ],
)
def test_a_file_of_somebody_s_is_replaced_when_asked_to_and_ours_again_and_again(tmp_path, monkeypatch, words, name):
    monkeypatch.chdir(tmp_path)
    assert invoke(*QUICK, "--out", "result").exit_code == 0
    place = tmp_path / name
    place.write_text("my own")
    found = invoke(*words, "--out", name)
    assert found.exit_code == 2
    assert name in found.stderr
    assert "--overwrite" in found.stderr
    assert place.read_text() == "my own"
    place.unlink()
    assert invoke(*words, "--out", name).exit_code == 0
    if words[0] != "export":
        assert invoke(*words, "--out", name).exit_code == 0


@pytest.mark.slow
def test_exports_for_a_paper_and_cases_of_other_tools_touch_nothing_foreign(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke(*QUICK, "--out", "result").exit_code == 0
    assert invoke("report", "result", "--out", "page.html", "--exports", "paper").exit_code == 0
    tables = sorted((tmp_path / "paper").glob("table-*.md"))
    assert tables
    shutil.rmtree("paper")
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / tables[0].name).write_text("my own")
    found = invoke("report", "result", "--out", "page.html", "--exports", "paper")
    assert found.exit_code == 2
    assert [path.name for path in (tmp_path / "paper").iterdir()] == [tables[0].name]


def test_a_network_of_another_tool_does_not_replace_tables(tmp_path, relog_case):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "limits.csv").write_text("my own")
    found = invoke("import", "relog", relog_case, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "limits.csv' is there already" in found.stderr
    assert contents_of(tmp_path / "out") == {"limits.csv": b"my own"}


@pytest.fixture
def relog_case(tmp_path) -> Path:
    """A case of RELOG with one city and one plant."""
    place = {"latitude (deg)": 0.0, "longitude (deg)": 0.0}
    opening = {"opening cost ($)": [1.0], "fixed operating cost ($)": [0.0], "variable operating cost ($/tonne)": [0.0]}
    plant = {
        "input": "P",
        "outputs (tonne/tonne)": {},
        "energy (GJ/tonne)": 0.0,
        "locations": {"L": {**place, "disposal": {}, "capacities (tonne)": {"10.0": opening}}},
    }
    product = {
        "transportation cost ($/km/tonne)": [0.1],
        "transportation energy (J/km/tonne)": [0.0],
        "transportation emissions (tonne/km/tonne)": {},
        "initial amounts": {"C": {**place, "amount (tonne)": [1.0]}},
    }
    case = {"parameters": {"time horizon (years)": 1}, "products": {"P": product}, "plants": {"F": plant}}
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    return path


def test_a_sweep_does_not_forget_a_file_that_only_has_the_name_of_its_journal(tmp_path):
    out = tmp_path / "table.csv"
    journal = tmp_path / "table.csv.journal"
    journal.write_text("my diary\n")
    for more in ((), ("--restart",)):
        found = invoke("sweep", TABLE_2, "--vary", "usable_share=0.5:0.6:2", "--out", out, *more)
        assert found.exit_code == 2
        assert "is no journal" in found.stderr
        assert journal.read_text() == "my diary\n"


# --- disks and streams -----------------------------------------------------------------------------------------------


WITH_SMALL_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))"


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_a_disk_that_is_full_leaves_the_old_result_and_the_answer_on_the_screen(tmp_path):
    out = tmp_path / "out"
    assert run("solve", HAND, "--out", out).returncode == 0
    before = contents_of(out)
    found = run("solve", HAND, "--out", out, "--objective", "emissions", first=WITH_SMALL_FILES)
    assert found.returncode == 1
    assert "cannot be written to (file too large)" in found.stderr
    assert "fault of batteryopt" not in found.stderr
    assert "collected" in found.stdout
    assert contents_of(out) == before
    assert run("new", "network", tmp_path / "new", first=WITH_SMALL_FILES).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.slow
def test_a_file_system_of_a_megabyte(tmp_path):
    """Room for one result, and not for the next beside it."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        assert run("solve", HAND, "--out", place / "out").returncode == 0
        before = contents_of(place)
        (place / "ballast").write_bytes(b"0" * (shutil.disk_usage(place).free - 8192))
        found = run("solve", HAND, "--out", place / "out", "--objective", "emissions")
        assert found.returncode in (1, 2)
        assert "no space left on device" in found.stderr
        assert {name: data for name, data in contents_of(place).items() if name != "ballast"} == before
    finally:
        subprocess.run(["umount", str(place)], check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_answer_that_cannot_be_printed_is_saved(tmp_path):
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "batteryopt", *map(str, QUICK), "--out", str(tmp_path / "out")]
        found = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert found.returncode == 1
    assert "stdout: no space left on device" in found.stderr
    assert "Exception ignored" not in found.stderr
    assert (tmp_path / "out" / "result.json").exists()


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_does_not_cost_the_answer(tmp_path, closed):
    """What is opened next gets the number of a closed stream: nothing that is printed may end up in our files."""
    found = run("solve", HAND, "--out", tmp_path / "out", first=f"import os; os.close({closed})")
    assert found.returncode == (1 if closed == 1 else 0)
    assert "fault of batteryopt" not in found.stderr
    document = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert document["models"]["design"]["point_status"] == "optimal"


def test_a_stream_without_the_signs_of_a_name_gets_their_numbers(tmp_path):
    game = batteryopt.read(TABLE_2).replace(name="Überführung \N{BATTERY}")
    batteryopt.write(game, tmp_path / "game.toml")
    words = ("solve", tmp_path / "game.toml", "--route", "closed-form", "--model", "centralized")
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = run(*words, "--json", env=env)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["instance"] == game.name
    assert "\\u00dcberf\\u00fchrung" in run(*words, env=env).stdout


def test_a_library_that_cannot_be_loaded_is_told(tmp_path):
    (tmp_path / "highspy.py").write_text("raise ImportError('libstdc++.so.6: version not found')")
    found = run(*QUICK, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert found.returncode == 1
    assert "a library that is needed cannot be loaded: libstdc++.so.6: version not found" in found.stderr
    assert "fault of batteryopt" not in found.stderr


@pytest.mark.parametrize("raised", ["OSError('libscip.so: no such file')", "ImportError('undefined symbol')"])
def test_a_solver_whose_library_is_broken_is_told_and_costs_no_answer(tmp_path, raised):
    """Whoever asks for it is told; where it would have been chosen, another one does what it can."""
    (tmp_path / "pyscipopt.py").write_text(f"raise {raised}")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    words = ("solve", TABLE_2, "--model", "decentralized")
    asked = run(*words, "--solver", "scip", env=env)
    assert asked.returncode == 2
    assert "solver 'scip' is installed and cannot be loaded (" in asked.stderr
    without = run(*words, "--json", env=env)
    assert without.returncode == 0, without.stderr
    found = json.loads(without.stdout)["models"]["decentralized"]
    assert "scip" not in found["solver"]
    assert found["point_status"] == "optimal"
    assert found["profits"]["manufacturer"] == pytest.approx(118.78, abs=0.005)  # as Table 2 prints it


def test_a_game_whose_only_solver_is_broken_keeps_the_formula_s_answers(tmp_path):
    (tmp_path / "cyipopt.py").write_text("raise ImportError('undefined symbol')")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    words = ("solve", ROOT / "data" / "differential_game" / "base.toml", "--model", "integrated", "--json")
    found = run(*words, env=env)
    assert found.returncode == 1, found.stderr
    document = json.loads(found.stdout)
    assert "cannot be loaded (undefined symbol)" in document["models"]["integrated"]["reason"]
    assert document["closed_form"]["integrated"]["point_status"] == "optimal"
    assert run(*words, "--solver", "ipopt", env=env).returncode == 2


@pytest.mark.slow
def test_without_docstrings_there_are_words():
    found = run("check", TABLE_2, env={**os.environ, "PYTHONOPTIMIZE": "2"})
    assert found.returncode == 1
    assert "PYTHONOPTIMIZE" in found.stderr
    assert run(*QUICK, env={**os.environ, "PYTHONOPTIMIZE": "1"}).returncode == 0


# --- signals ---------------------------------------------------------------------------------------------------------


def _interrupted(words: tuple[object, ...], after: str, seconds: float, number: int) -> tuple[int, str, str, float]:
    """Run a command, and send it a signal so many seconds after it said something; return how it ended, and when."""
    said: list[str] = []
    with started(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while after not in (line := process.stderr.readline()) and line:
            said.append(line)
        said.append(line)
        time.sleep(seconds)
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        took = time.monotonic() - began
    return process.returncode, out, "".join(said) + err, took


MOMENTS = [("building the model", 0.0), ("best plan", 0.3)]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize(("after", "seconds"), MOMENTS)
def test_an_interrupt_ends_a_search_with_its_best_plan(tmp_path, after, seconds):
    out = tmp_path / "out"
    words = ("solve", PROVINCE, "--gap", 0, "--threads", 1, "--out", out)
    number = signal.SIGINT if after == "best plan" else signal.SIGTERM
    status, _, said, _ = _interrupted(words, after, seconds, number)
    assert status == 4, said
    assert "Traceback" not in said
    if after == "best plan":
        document = json.loads((out / "result.json").read_text(encoding="utf-8"))
        assert document["models"]["design"]["point_status"] in ("feasible", "optimal")
        assert document["models"]["design"]["objective"] is not None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("seed", range(24))
def test_an_interrupt_at_any_moment_loses_nothing(tmp_path, seed):
    """Whatever it meets: status 4, soon, what was saved before is there, and a plan that was told is saved."""
    chance = random.Random(seed)
    out = tmp_path / "out"
    words, after = chance.choice(
        [
            (("solve", PROVINCE, "--gap", 0, "--threads", 1), chance.choice(["building", "s: "])),
            (("solve", TABLE_2), chance.choice(["closed forms", "optimising"])),
            (("solve", ROOT / "data" / "differential_game" / "general.toml"), chance.choice(["closed", "optimising"])),
            (("frontier", PROVINCE, "--points", 5, "--gap", 0.02), chance.choice(["building", "best plan"])),
        ]
    )
    seconds = chance.choice([chance.uniform(0, 0.4), chance.uniform(0, 6)])
    number = chance.choice([signal.SIGINT, signal.SIGTERM])
    status, printed, said, took = _interrupted((*words, "--out", out), after, seconds, number)
    assert status == 4 or (status == 0 and printed), said
    assert "Traceback" not in said
    assert "fault of batteryopt" not in said
    assert took < 20.0, said  # 5 s on a machine of one's own
    if "best plan" in said and words[0] == "solve":
        assert (
            json.loads((out / "result.json").read_text(encoding="utf-8"))["models"]["design"]["objective"] is not None
        )
    assert not list(out.glob(".part*"))


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "levels.csv",
            "5000",
            "1e308",
            "column opening_cost: is the text '1e308'; expected a number of at",
        ),
        ("road_km.csv", "200", "inf", "expected km as a number of at most 100,000"),
        ("road_km.csv", "200", "1e9", "expected km as a number of at most 100,000"),
        ("network.toml", '["first", "second"]', str([str(i) for i in range(1001)]), "1,001 names, and at most 1,000"),
        ("sites.csv", "Aston", "A" * 140_000, "field larger than field limit (131072)"),
    ],
)
def test_numbers_and_sizes_that_no_plan_has_are_refused_with_their_limit(tmp_path, file, old, new, words):
    folder = tmp_path / "network"
    shutil.copytree(HAND, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    found = invoke("check", folder)
    assert found.exit_code == 2
    assert words in found.stderr


def test_pipes_links_and_folders_in_place_of_tables_are_told(tmp_path):
    folder = tmp_path / "network"
    shutil.copytree(HAND, folder)
    for name, make in {
        "levels.csv": Path.mkdir,
        "markets.csv": os.mkfifo,
        "modes.csv": lambda path: path.symlink_to(path),
        "products.csv": lambda path: path.symlink_to("/dev/zero"),
    }.items():
        (folder / name).unlink()
        make(folder / name)
    found = invoke("check", folder)
    assert found.exit_code == 2
    for name in (
        "levels.csv: is a folder",
        "markets.csv: is a pipe or a device",
        "products.csv: is a pipe or a device",
    ):
        assert name in found.stderr
    assert "modes.csv: cannot be read (too many levels of symbolic links)" in found.stderr


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        (("sweep", TABLE_2, "--vary", "usable_share=0:1:1000000000", "--out", "x.csv"), "100,000"),
        (("frontier", HAND, "--points", 10**9), "1,000"),
        (("solve", HAND, "--threads", 10**6), "on this machine"),
        (("solve", "x" * 5000), "file name too long"),
    ],
)
def test_more_than_can_be_meant_is_refused_with_the_limit(words, limit):
    found = invoke(*words)
    assert found.exit_code == 2
    assert limit in found.stderr


# --- names that others have chosen -----------------------------------------------------------------------------------


@pytest.fixture
def hostile(tmp_path) -> Path:
    """The network that is solved by hand, with names that do something to whoever reads them."""
    text = {path.name: path.read_text(encoding="utf-8") for path in HAND.glob("*.csv")}
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name, table in text.items():
        (folder / name).write_text(table.replace("Aston", "=1+1\x1b[2J").replace("Bray", "<!--<script>"), "utf-8")
    settings = (HAND / "network.toml").read_text(encoding="utf-8")
    name = "Two cities and a smelter"
    (folder / "network.toml").write_text(settings.replace(name, "\\u001b]0;owned\\u0007 | <b>"), "utf-8")
    return folder


@pytest.mark.slow
def test_no_name_speaks_to_the_terminal(hostile, tmp_path):
    for words in (
        ("check", hostile),
        ("solve", hostile),
        ("solve", hostile, "--json"),
        ("check", tmp_path / "\x1b[2J"),
    ):
        found = run(*words)
        assert "\x1b" not in found.stdout + found.stderr
        assert "\x07" not in found.stdout + found.stderr


def test_cells_that_a_spreadsheet_would_compute_are_texts_and_read_back_as_they_were(hostile, tmp_path):
    out = tmp_path / "out"
    assert invoke("solve", hostile, "--out", out).exit_code == 0
    for table in out.glob("*.csv"):
        assert ",=" not in table.read_text(encoding="utf-8")
        assert "\n=" not in table.read_text(encoding="utf-8")
    facilities = (out / "facilities.csv").read_text(encoding="utf-8")
    assert "\n'=1+1" in facilities
    assert invoke("solve", hostile, "--keep", out).exit_code == 0
    network = read(hostile)
    write(network, tmp_path / "copy")
    assert not differences(read(tmp_path / "copy"), network)
    assert "\n'=1+1" in (tmp_path / "copy" / "sites.csv").read_text(encoding="utf-8")


def test_numbers_stay_numbers():
    import pandas as pd

    from batteryopt.ground.files import csv_text, harmless, unmarked

    table = pd.DataFrame({"name": ["-5", "=5", "a"], "value": [-1.5, 2.0, float("nan")]})
    assert csv_text(table).splitlines() == ["name,value", "-5,-1.5", "'=5,2.0", "a,"]
    assert harmless("+340 M; in t") == "+340 M; in t"
    for text in ("=1", "'=1", "''@x", "+1", "-x", "-1e5", "a", "'a", "", "\t=1"):
        assert unmarked(harmless(text)) == text
        assert harmless(text)[:1] not in "=@\t" or not text


def test_a_page_is_not_ended_by_a_name():
    spec = {"name": "chart", "title": "t", "data": [{"type": "bar", "x": ["<!--<script>", "</script>"]}], "layout": {}}
    script = figure(spec).partition('<script type="application/json">')[2].partition("</script>")[0]
    assert "<" not in script
    assert json.loads(script)["data"] == spec["data"]


def test_markdown_has_no_html():
    table = Table(caption="<b>", columns=["a"], rows=[["<script>alert(1)</script> | x\ny"]])
    text = table.to_markdown()
    assert "<" not in text
    assert "| &lt;script&gt;alert(1)&lt;/script&gt; \\| x y |" in text
