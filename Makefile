# Each of the two commands of the README makes its own environment and installs with plain pip.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test lint
demo: $(BIN)/python
	$(BIN)/python -m pip install --quiet .
	$(BIN)/whatwhere compare

test: $(BIN)/python
	$(BIN)/python -m pip install --quiet ".[test,zoo]"
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(BIN)/python
	$(BIN)/python -m pip install --quiet ".[lint]"
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/pydoclint --quiet src
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
