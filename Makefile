# Every target makes the environment it needs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
REPORT ?= var/evaluation
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: $(STAMP) ## make .venv with everything, pinned and hash-checked

$(STAMP): requirements/uv.txt requirements/all.txt pyproject.toml
	@echo "Making .venv: about 2 GB, a few minutes the first time"
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed"'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/uv.txt requirements/all.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## sample data, a refresh, three answers, then the API (ONCE=1: stop after the answers)
	$(BIN)/anirec demo $(if $(ONCE),--once)

.PHONY: serve
serve: $(STAMP) ## the API on what was refreshed last
	$(BIN)/anirec serve

.PHONY: check
check: $(STAMP) ## what to run all day: format, lint, types, import contracts, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/unit

.PHONY: test
test: check ## everything: check, then integration, end-to-end and browser tests on a real Redis
	$(BIN)/python -m pytest -q tests/integration tests/e2e
	$(BIN)/python -m pytest -q tests/browser

.PHONY: bench
bench: $(STAMP) ## speed beside named references; DATA=DIR for other data than a sample
	$(BIN)/python -m tests.benchmarks.speed $(if $(DATA),--data $(DATA))

.PHONY: bench-api
bench-api: $(STAMP) ## the API beside Flask, flips under load, memory, start; DATA=DIR, or STORE=URL
	$(BIN)/python -m tests.benchmarks.api $(if $(DATA),--data $(DATA)) $(if $(STORE),--store $(STORE))

.PHONY: bench-worker
bench-worker: $(STAMP) ## from a rating to a changed list: how soon, how many a second
	$(BIN)/python -m tests.benchmarks.reranking $(if $(DATA),--data $(DATA))

.PHONY: chaos
chaos: $(STAMP) ## ratings while workers are killed, Redis is restarted and refreshes run: a few minutes
	$(BIN)/python -m tests.chaos.ratings

.PHONY: peers
peers: $(STAMP) ## add rival recommenders to .venv, for `anirec evaluate`
	$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/peers.txt

.PHONY: repro
repro: $(STAMP) ## dvc repro: ingest, train, evaluate what lies in data/; reports in report/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro

.PHONY: evaluation
evaluation: peers ## fill docs/evaluation.md, with plots; lists to read in REPORT=DIR; DATA=DIR
	$(if $(DATA),,$(error DATA=DIR is needed))
	$(BIN)/anirec evaluate --data $(DATA) --out $(REPORT) --examples
	mkdir -p docs/evaluation
	cp $(REPORT)/evaluation.md docs/evaluation.md
	cp $(REPORT)/evaluation/*.svg docs/evaluation/

.PHONY: format
format: $(STAMP) ## let ruff put the source in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: requirements
requirements: $(STAMP) ## pin again after pyproject.toml has changed
	sh requirements/compile.sh
