# Every target sets itself up: it makes the virtual environment and installs what it needs.
# Needed beforehand: python3.11 (with venv), make and a C library.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: help install serve test check proto bench gallery clean

help:  ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

install: $(VENV)/.installed  ## Make the environment and install swash into it

serve: $(VENV)/.installed  ## Install and start the server; ARGS="--http-port 9000" passes flags
	$(BIN)/swash serve $(ARGS)

test: $(VENV)/.installed-all  ## Install with all extras and run the tests; ARGS="-k rain" passes flags
	$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

check: $(VENV)/.installed-all  ## Lint, format, types, contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd protos && ../$(BIN)/buf lint

proto: $(VENV)/.installed-all  ## Generate the contract's Python
	$(BIN)/python tools/generate_proto.py

bench: $(VENV)/.installed-all  ## Measure; prints what belongs into benchmarks/LOG.md
	$(BIN)/python -m benchmarks

gallery: $(VENV)/.installed  ## Build a page with every effect to listen to, in build/gallery/
	$(BIN)/python tools/gallery.py $(ARGS)

clean:  ## Remove the environment and everything compiled
	rm -rf $(VENV)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "swash needs Python 3.11: install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3.11 has no venv: install the package python3.11-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml $(VENV)/bin/pip
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.installed-all: pyproject.toml $(VENV)/bin/pip
	$(PIP) install --quiet --editable '.[neural,dev]'
	@touch $@ $(VENV)/.installed
