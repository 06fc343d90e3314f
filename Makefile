# Every target sets itself up: it makes the virtual environment and installs what it needs.
# Needed beforehand: python3.11 (with venv), make and a C library. The tests of the clients also need Node.js 20 with npm
# and the Debian packages that tests/toolchain/debian names; `make test WITHOUT="godot mono"` leaves some of them out.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
NPM := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
WITHOUT ?=

.PHONY: help install serve test check proto tools bench bench-triton soak gallery audit lock clean

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

install: $(VENV)/.installed  ## Make the environment and install swash into it

serve: $(VENV)/.installed  ## Install and start the server; ARGS="--http-port 9000" passes flags
	$(BIN)/swash serve $(ARGS)

test: $(VENV)/.installed-all tools  ## Install with all extras and run the tests; ARGS="-k rain" passes flags
	$(BIN)/pytest -n auto --dist loadgroup $(addprefix --without ,$(WITHOUT)) $(ARGS)

check: $(VENV)/.installed-all  ## Lint, format, types, contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd protos && ../$(BIN)/buf lint

proto: $(VENV)/.installed-all tools  ## Generate the contract's Python, C#, GDScript and TypeScript
	$(BIN)/python tools/generate_proto.py
	$(BIN)/python -m tools.generate_web

tools: tests/toolchain/node_modules/.installed clients/web/node_modules/.installed  ## Install what the clients' tests run in

bench: $(VENV)/.installed-all  ## Measure; prints what belongs into benchmarks/LOG.md
	$(BIN)/python -m benchmarks

bench-triton: $(VENV)/.installed-all build/triton/.installed  ## Measure beside NVIDIA's Triton server; x86-64, needs h2load
	$(BIN)/python -m benchmarks.triton

soak: $(VENV)/.installed-all  ## Half an hour of mixed calls, in which memory and files must not grow; ARGS="--minutes 2"
	$(BIN)/python -m benchmarks.soak $(ARGS)

build/triton/.installed:
	$(PYTHON) -m venv build/triton
	build/triton/bin/pip --disable-pip-version-check install --quiet nvidia-pytriton==0.7.0
	@touch $@

gallery: $(VENV)/.installed  ## Build a page with every effect to listen to, in build/gallery/
	$(BIN)/python tools/gallery.py $(ARGS)

audit: build/audit/.installed  ## Look every locked package up among known vulnerabilities; needs PyPI itself
	build/audit/bin/pip-audit --requirement requirements/lock.txt --no-deps --disable-pip

lock: $(VENV)/.installed-all  ## Write down what is installed, after a change of pyproject.toml
	$(BIN)/python -m tools.lock

build/audit/.installed:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip --disable-pip-version-check install --quiet pip-audit==2.10.1
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "the clients' tests need Node.js 20 with npm: https://nodejs.org"; exit 1; }
	cd $* && $(NPM)
	@touch $@

clean:  ## Remove the environment and everything compiled
	rm -rf $(VENV) build tests/toolchain/node_modules clients/web/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "swash needs Python 3.11: install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3.11 has no venv: install the package python3.11-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml $(VENV)/bin/pip
	$(PIP) install --quiet --constraint requirements/lock.txt --editable .
	@touch $@

$(VENV)/.installed-all: pyproject.toml $(VENV)/bin/pip
	$(PIP) install --quiet --constraint requirements/lock.txt --editable '.[neural,dev]'
	@touch $@ $(VENV)/.installed
