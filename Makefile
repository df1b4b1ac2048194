# Every target makes its own virtual environment; nothing but Python 3.11, make and a package index is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo up test test-long bench check format clean

install: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tradewire needs Python 3.11 or later; name one with make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Tradewire into $(VENV) (the first time takes about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/tradewire demo $(ARGS)

up: $(STAMP)
	@$(BIN)/tradewire up $(ARGS)

# Three at a time: many tests wait for a process they have started. ARGS="-n 0 tests/core" runs some of them plainly.
# Bytecode is kept even where the environment says not to: the processes that tests start would compile it each time.
test: $(STAMP)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

# Measures on the disk that build/ lies on; ARGS="burst accept" measures these rows, "--quick" tries it out,
# "--help" tells the rest.
bench: $(STAMP)
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

# A thousand rounds of kill -9 under load in histories of fifty, then a hundred on PostgreSQL with several processes;
# five hundred signals a second for a minute.
test-long: $(STAMP)
	@$(BIN)/python tests/faults/kill_loop.py --rounds 1000 $(ARGS)
	@$(BIN)/python tests/faults/kill_loop.py --rounds 100 --side-by-side 1 --many
	@$(BIN)/python tests/faults/overload.py

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=core $(BIN)/lint-imports

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
