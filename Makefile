# One command for each thing a person does here. `make help` lists them.
# Needs: Python 3.11 or newer, git, make. Everything else comes by itself into .tools and .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
BIN := $(VENV)/bin
PORT ?= 8000
export PORT
export PYTHONUNBUFFERED := 1
export PIP_NO_INPUT := 1
# Compiled code is kept: the second start takes half the time.
unexport PYTHONDONTWRITEBYTECODE

RUN_READY := $(VENV)/.synced-run
ALL_READY := $(VENV)/.synced-all
CATALOGUE := shop/translations/en/LC_MESSAGES/messages.mo
TESTS ?= tests
PROCESSES ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ "$$n" -gt 8 ] && n=8; echo $$n)

.PHONY: help run serve test lint format bench translations clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  PORT=9000 make run            another port'
	@echo '  make test TESTS=tests/stock   one part of the tests'
	@echo '  Settings: docs/operations.md'

run: $(RUN_READY) $(CATALOGUE)  ## the shop with its demo: database, real catalogue, accounts, server and worker on PORT
	@exec $(BIN)/python -P shop/serve.py --demo

serve: $(RUN_READY) $(CATALOGUE)  ## the shop in production: migrations, server and worker, settings from the environment
	@exec $(BIN)/python -P shop/serve.py

test: $(ALL_READY) $(CATALOGUE)  ## every test, on SQLite and on PostgreSQL
	@.ci/chromium
	@exec $(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup $(TESTS) $(ARGS)

lint: $(ALL_READY)  ## style, types, templates, dead code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/vulture

format: $(ALL_READY)  ## let the tools put the code in order
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

bench: $(ALL_READY) $(CATALOGUE)  ## benchmarks with their limits beside (some minutes)
	@exec $(BIN)/python -m bench $(ARGS)

translations: $(CATALOGUE)  ## compile the English catalogue

clean:  ## remove what the tools made; the database and uploads in instance/ stay
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results shop/translations/en/LC_MESSAGES
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_READY): uv.lock
	@.ci/sync

$(ALL_READY): uv.lock
	@.ci/sync all

$(CATALOGUE): $(wildcard shop/translations/parts/*.po) shop/translations/build.py | $(RUN_READY)
	@$(BIN)/python -P shop/translations/build.py
