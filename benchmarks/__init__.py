"""Speed and size on fixed problems: every module here with ``run() -> dict`` is one benchmark.

    python -m benchmarks                        all of them, written to benchmarks/results/VERSION.json
    python -m benchmarks coordination_network   one of them, written beside what is there
    python -m benchmarks --list

Sizes and seeds are fixed in the modules, so that the files of two releases on one machine can be compared. Answers are
compared with a reference in the same run: a fast wrong answer is no result.
"""
