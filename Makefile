.DEFAULT_GOAL := help
.PHONY: help install demo cluster-demo serve test test-embedded faults check bench bench-cluster format clean
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## What can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## Everything into .venv, pinned

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Everbook needs Python 3.11 or later; set PYTHON=…" >&2; exit 1; }
	@echo "Installing into .venv …" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: install  ## Book a trading day, report on it, prove it, serve it (ARGS="--trades 1000 --exit")
	@$(BIN)/everbook demo $(ARGS)

cluster-demo: install  ## The same day on real Kafka, HBase and Elasticsearch (needs Maven, JDK 17 and JDK 21 or later)
	@$(BIN)/everbook demo --cluster $(ARGS)

serve: install  ## The HTTP API on ./everbook-data
	$(BIN)/everbook serve $(ARGS)

bench: install  ## Speed, as ratios to the store and to the library
	$(BIN)/python -m benchmarks $(ARGS)

bench-cluster: install  ## Speed on real Kafka, HBase and Elasticsearch, as ratios to their drivers (ARGS="--quick")
	$(BIN)/python -m benchmarks.cluster $(ARGS)

test: install  ## Every test, on real Kafka, HBase and Elasticsearch where Maven, JDK 17 and JDK 21 are there (ARGS="-k name")
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

test-embedded: install  ## Every test that needs no server
	EVERBOOK_TEST_SERVERS=no $(BIN)/pytest -n $(WORKERS) $(ARGS)

faults: install  ## Kills, zombies, lost replies and lost data on a real cluster under load (ARGS="--faults 200 --seed 7")
	$(BIN)/python -m faults $(ARGS)

check: install  ## Lint, format, types, architecture, tidiness
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_tidy.py

format: install  ## Sort imports and fix what ruff can
	$(BIN)/ruff check --fix .

clean:  ## Everything made, gone
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
