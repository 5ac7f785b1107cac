"""``python -m batteryopt`` is the command ``batteryopt``."""

from __future__ import annotations

import atexit
import os
import signal
import sys

from batteryopt.ground.scarce_memory import is_want_of_memory
from batteryopt.ground.signals import STOPPED, heed_signals, leave_at_once

NO_ROOM = "error: memory ran out before anything could begin"


def main() -> None:
    """Run the command line; Ctrl-C is heeded before anything large is imported."""
    try:
        heed_signals(leave_at_once)
        # Registered first and so called last: Python is taken down without its handlers then, and a signal that meets
        # it there would end a command that has said everything as if it had been killed.
        atexit.register(heed_signals, signal.SIG_IGN)
        from batteryopt.cli import main as run

        run()
    except KeyboardInterrupt:
        _leave("interrupted")
    except MemoryError:
        _leave(NO_ROOM, status=1)
    except (ImportError, SystemError) as error:
        if not is_want_of_memory(error):
            raise
        _leave(NO_ROOM, status=1)


def _leave(words: str, status: int = STOPPED) -> None:
    if sys.stderr is not None:
        print(words, file=sys.stderr, flush=True)
    os._exit(status)


if __name__ == "__main__":
    main()
