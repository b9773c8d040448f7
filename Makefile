SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS ?= .venv-peers
OUT ?= out/demo
EXTRAS ?= test
MARKERS ?=
CHILDREN ?= 20000

.DEFAULT_GOAL := help
.PHONY: help demo test lint format truth bench attack mutants notebooks docs clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed and was not found. Install one, or say where it is: make PYTHON=/path/to/python3.11 demo"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) and installing pinned dependencies (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

demo: $(STAMP) ## Simulate an agency and run everything on it: checks, cohort, models, reports
	@$(BIN)/permanency demo --out $(OUT) --children $(CHILDREN)

test: $(STAMP) ## Run the whole test suite
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "$(MARKERS)"

lint: $(STAMP) ## Check format, style, complexity, types of the public face, import direction, docs and links
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/python -m pytest tests/test_structure.py tests/test_types.py tests/docs/test_links.py

format: $(STAMP) ## Put the code into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

truth: $(STAMP) ## Long simulation: does every estimator recover its truth?
	@$(BIN)/python benchmarks/truth.py

$(PEERS)/.installed: benchmarks/peers.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found."; exit 1; }
	@echo "Installing the peers into $(PEERS); one that fails is said in the table ..."
	@$(PYTHON) -m venv $(PEERS)
	@grep -v '^#' benchmarks/peers.txt | while read -r peer; do \
		$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check $$peer \
		|| echo "Could not be installed: $$peer"; done
	@touch $@

bench: $(STAMP) $(PEERS)/.installed ## Time the package beside its peers (half an hour)
	@$(BIN)/python benchmarks/speed.py --peers $(PEERS)/bin/python
	@$(BIN)/python benchmarks/cohorts.py

attack: $(STAMP) ## Try to work hidden counts out of two years' released files of 300 small counties and 30 agencies
	@$(BIN)/python -m tests.reporting.counties 300
	@$(BIN)/python -m tests.reporting.agencies 30

$(VENV)/.mutants: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	@touch $@

mutants: $(VENV)/.mutants ## Change the deciding code in one place at a time: does a test fail? (an hour)
	@OPENBLAS_NUM_THREADS=1 nice $(BIN)/python benchmarks/mutants.py

notebooks: $(STAMP) ## Run every notebook again and keep its outputs
	@PYTHONPATH=. $(BIN)/python notebooks/run.py

$(VENV)/.docs: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## Build the documentation site into out/docs, offline
	@$(BIN)/python docs/site/build.py out/docs

clean: ## Remove the environment and everything made
	@rm -rf $(VENV) $(PEERS) out dist .pytest_cache .ruff_cache .hypothesis
