"""Ctrl-C and SIGTERM at moments that nobody chose: status 4, soon, in words; nothing lost, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from batteryopt.ground.interrupt import InterruptFlag, noting_interrupts, unfinished_is_interrupted
from batteryopt.ground.signals import raise_interrupt
from tests.cli.signals import COMMANDS, Moment, ending, moment
from tests.command_line import HEED_CTRL_C, ROOT, run, started

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux which signals are heeded")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_signal_at_any_moment_loses_nothing(tmp_path, seed):
    assert not ending(moment(seed), tmp_path).complaints, str(moment(seed))


def test_one_early_moment(tmp_path):
    """Among the first: nothing of ours but the handling of signals has been imported then."""
    check = next(words for words, _ in COMMANDS if words[0] == "check")
    assert not ending(Moment(words=check, number=signal.SIGTERM, seconds=0.0, waits_for=20.0), tmp_path).complaints


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_last_word_changes_nothing(number):
    """While Python is taken down, too: it has given up its handlers by then."""
    for seconds in (0.0, 0.02, 0.04, 0.06):
        with started("--version", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout.readline()
            time.sleep(seconds)
            process.send_signal(number)
            said = process.stderr.read()
            assert process.wait(60) in (0, 4)
            assert said in ("", "interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_an_import_that_swallows_exceptions_ends_the_command(tmp_path, number):
    """A library may catch everything while it is imported, and go on without what it wanted."""
    (tmp_path / "typer.py").write_text(
        f"import os\ntry:\n    os.kill(os.getpid(), {int(number)})\n    print('goes on')\nexcept BaseException:\n"
        "    print('swallowed')\n"
    )
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    found = run("--version", first=HEED_CTRL_C, env={**os.environ, "PYTHONPATH": path})
    assert found.returncode == 4, found.stderr
    assert found.stdout == ""
    assert found.stderr == "interrupted\n"


def _swallow_an_interrupt() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        raise_interrupt(signal.SIGINT, None)


def test_what_a_library_swallowed_ends_the_next_part_of_the_same_work():
    done = []

    def work() -> None:
        with noting_interrupts():
            _swallow_an_interrupt()
            with unfinished_is_interrupted():
                done.append("a part")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert not done
    assert InterruptFlag.heard_before is None
    with noting_interrupts(), unfinished_is_interrupted():  # another piece of work
        done.append("another")
    assert done == ["another"]
