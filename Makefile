# `make demo` and `make test` work from a fresh clone: both make .venv and install into it first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

# Tests start hundreds of processes: without compiled files each of them would compile the package anew. What is installed
# is compiled as it is used, which is a small part of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all coverage lint ruff-check ruff-format mypy pages stale-pages docs benchmark clean

demo: $(VENV)/installed
	$(BIN)/batteryopt reproduce coordination
	$(BIN)/batteryopt solve data/networks/china-province --gap 0.02

test: $(VENV)/installed
	$(BIN)/pytest

test-all: $(VENV)/installed
	$(BIN)/pytest -m "" --timeout 5400

coverage: $(VENV)/installed
	$(BIN)/pytest --cov --cov-report=term:skip-covered

lint: ruff-check ruff-format mypy

ruff-check: $(VENV)/installed
	$(BIN)/ruff check .

ruff-format: $(VENV)/installed
	$(BIN)/ruff format --check .

mypy: $(VENV)/installed
	$(BIN)/mypy

pages: $(VENV)/installed
	$(BIN)/python -m docs.generate

stale-pages: $(VENV)/installed
	$(BIN)/python -m docs.generate --check

docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open site/index.html"

benchmark: $(VENV)/installed
	$(BIN)/python -m benchmarks

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
