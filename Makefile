# `make demo` and `make test` do all their set-up in .venv; nothing but Python >= 3.11 and make is needed beforehand.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TYPESCRIPT := clients/typescript
NODE_MODULES := $(TYPESCRIPT)/node_modules

# With the environment's programs first, as the tests and the commands in the documentation expect.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
# The tests start thousands of processes; without bytecode, each of them would compile all modules once more.
PYTEST := $(RUN) PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest

.PHONY: help demo set-up test test-slow test-storm test-pythons test-oldest test-latest test-filelock lint format lock audit benchmarks clean check-lock check-system

help:  ## list the targets
	@awk -F ':|## ' '/^[a-z -]+:.*## /{ printf "%-24s %s\n", $$1, $$3 }' $(MAKEFILE_LIST)

demo: $(VENV)/.light check-system  ## compose three images through a daemon on a temporary spool
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.test $(NODE_MODULES)/.done check-system check-lock  ## run the tests
	$(PYTEST) -m "not slow" -n 2 --dist loadfile

test-slow: $(VENV)/.slow $(NODE_MODULES)/.done check-system  ## run the crash, fuzzing, load and network file system tests
	$(PYTEST) -m "slow and not storm" -n 3 --dist loadgroup --durations=15

test-storm: $(VENV)/.slow check-system  ## run the long storms of load, faults and fuzzing
	$(PYTEST) -m storm

test-pythons: $(VENV)/.lock $(NODE_MODULES)/.done check-system  ## run the light tests with every Python 3.11 to 3.14 there is
	$(BIN)/python scripts/test_pythons.py

test-oldest test-latest: $(VENV)/.lock $(NODE_MODULES)/.done check-system  ## run the tests with the oldest or the latest libraries allowed
	$(RUN) $(BIN)/python scripts/test_versions.py $(@:test-%=%)

test-filelock: $(VENV)/.lock $(VENV)/.test  ## run the tests of claims with each version of filelock allowed
	$(RUN) $(BIN)/python scripts/test_filelock.py

set-up: $(VENV)/.slow $(NODE_MODULES)/.done check-system  ## install everything the tests need, and run nothing

lint: $(VENV)/.test check-lock  ## check formatting, types, the dependency rule, and the locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.lock $(NODE_MODULES)/.npm  ## resolve requirements/ and the TypeScript client's lock again, to the newest versions
	$(RUN) $(BIN)/python scripts/lock.py
	$(RUN) npm --prefix $(TYPESCRIPT) update --package-lock-only --silent --no-audit --no-fund

audit: $(VENV)/.lock  ## check the locked versions for published vulnerabilities
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/slow.txt

benchmarks: $(VENV)/.benchmarks check-system  ## install what the programs in benchmarks/ compare with
	@echo "Ready: $(BIN)/python benchmarks/spool.py --help"

clean:  ## remove everything that make has created
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info $(NODE_MODULES)

check-lock: $(VENV)/.test
	@$(BIN)/python scripts/lock.py --check

check-system:
	@$(BIN)/python scripts/check_system.py

# A set holds what the ones named behind it hold.
$(VENV)/.slow: CONTAINS := test
$(VENV)/.test: CONTAINS := light
$(VENV)/.benchmarks: CONTAINS := light

$(VENV)/.%: requirements/%.txt pyproject.toml scripts/set_up.py
	@command -v $(PYTHON) >/dev/null || \
	  { echo "There is no $(PYTHON) on PATH: install Python 3.11 or newer, or name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) scripts/set_up.py $(VENV) $*
	@touch $@ $(CONTAINS:%=$(VENV)/.%)

# The TypeScript client is tested under Node; where there is no npm, one comes from the Python registry.
$(NODE_MODULES)/.npm: $(VENV)/.light
	@command -v npm >/dev/null || $(PYTHON) scripts/set_up.py $(VENV) node
	@mkdir -p $(NODE_MODULES) && touch $@

$(NODE_MODULES)/.done: $(TYPESCRIPT)/package-lock.json $(NODE_MODULES)/.npm
	@$(RUN) npm --prefix $(TYPESCRIPT) ci --loglevel=error --no-audit --no-fund >/dev/null || \
	  { echo "npm could not install what $(TYPESCRIPT)/package-lock.json names: check the network, then run make again" >&2; exit 1; }
	@touch $(NODE_MODULES)/.npm $@
