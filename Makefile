# `make demo` and `make test` set everything up themselves; `make help` lists all targets.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

##@ Use
.PHONY: demo
demo: setup ## Run the demo end to end: train on the fruit photos, serve the model, classify photos
	$(BIN)/viewfinder demo

##@ Develop
.PHONY: setup
setup: $(VENV)/.ready ## Create the virtual environment from the pinned requirements

# On a terminal, uv draws bars of its progress; a log would get a line for every package.
QUIET := $(shell test -t 2 || echo --quiet)

# A stamp that is newer than every input: a second `make` installs and downloads nothing. Bytecode is
# compiled immediately: if Python cannot write it later, importing TensorFlow takes twice as long.
$(VENV)/.ready: requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "expected Python 3.11, 3.12 or 3.13, received '$(PYTHON)'; install one of them or run make PYTHON=/path/to/python"; exit 1; }
	@echo "Installing $$(grep -c '^[a-z].*==' requirements/dev.txt) pinned packages into $(VENV) (3.6 GB): minutes, or on a slow machine or connection a quarter of an hour."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install $(QUIET) --compile-bytecode --require-hashes -r requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "Installed."

.PHONY: test test-fast
# One after the other, even with -j: two at once would slow each other down.
test: setup test-programs ## Run every test that needs no cluster
	$(MAKE) --no-print-directory test-fast
	$(MAKE) --no-print-directory test-slow
test-fast: setup test-programs ## Run all of these except the slow ones
	$(MAKE) --no-print-directory test-unit
	$(MAKE) --no-print-directory test-tensorflow
	$(MAKE) --no-print-directory test-integration

# These four targets divide the tests among themselves.
TENSORFLOW_TESTS := tests/unit/training tests/unit/export
UNIT_TESTS := tests/unit tests/contract tests/doctor
.PHONY: test-unit test-tensorflow test-integration test-slow
test-unit: setup ## Run the unit tests, after every edit: no Go, no training
	$(BIN)/pytest -n 2 -m "not slow" $(UNIT_TESTS) $(TENSORFLOW_TESTS:%=--ignore=%)
test-tensorflow: setup ## Run the tests of training and export
	$(BIN)/pytest -n 2 -m "not slow" $(TENSORFLOW_TESTS)
test-integration: setup test-programs ## Run the tests with whole runs, predictors and object stores
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" --ignore=tests/cluster $(UNIT_TESTS:%=--ignore=%)
test-slow: setup test-programs ## Run the tests that take more than ten seconds each
	$(BIN)/pytest -n 2 --dist loadfile -m slow $(SLOW_TESTS)

# Reading all modules takes each process half a minute, and few have slow tests.
SLOW_TESTS = $(shell grep -rl --include='test_*.py' --exclude-dir=cluster 'mark\.slow' tests)

# In these tests, predictors write the stacks of busy threads. CPython reads the stacks of running
# threads without a lock, which has crashed the process under coverage's tracer.
UNTRACED_TESTS := tests/unit/checking/test_busy_node.py
.PHONY: coverage
coverage: setup ## Run test-unit and test-tensorflow with code coverage (minimum: fail_under in pyproject.toml)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 -m "not slow" $(UNIT_TESTS) $(UNTRACED_TESTS:%=--ignore=%)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/pytest -m "not slow" $(UNTRACED_TESTS)

JOBS ?= 2
# TensorFlow and OpenVINO decide at start-up how to compute.
NUMERIC_TESTS := tests/unit/export tests/unit/inference tests/unit/training tests/unit/evaluation \
  tests/unit/checking tests/unit/explanation tests/serving/test_predictions.py
.PHONY: test-numerics test-numerics-avx2 test-numerics-plain
test-numerics: setup ## Run the numerical tests as on other processors: with AVX2 only, and without oneDNN (JOBS=1: one after the other)
	$(MAKE) --no-print-directory -j$(JOBS) --output-sync=target test-numerics-avx2 test-numerics-plain
test-numerics-avx2: ## Run the numerical tests with AVX2 only
	ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/pytest -p no:cacheprovider -m "not slow" $(NUMERIC_TESTS)
test-numerics-plain: ## Run the numerical tests without oneDNN
	TF_ENABLE_ONEDNN_OPTS=0 $(BIN)/pytest -p no:cacheprovider -m "not slow" $(NUMERIC_TESTS)

# These two stand for other processors as well, so that CI needs no extra run of the numerical tests.
test-python-3.12: PROCESSOR := ONEDNN_MAX_CPU_ISA=AVX2
test-python-3.13: PROCESSOR := TF_ENABLE_ONEDNN_OPTS=0
# The first Python on which code coverage costs nearly nothing, so CI needs no extra run for it.
test-python-3.12: COVERAGE := 1
.PHONY: test-pythons test-python-3.12 test-python-3.13
test-pythons: setup ## Run the tests on Python 3.12 with AVX2 only and coverage, and on 3.13 without oneDNN; if not installed, the numerical ones on this Python (REQUIRED=1: fail; JOBS=1: one by one)
	$(MAKE) --no-print-directory -j$(JOBS) --output-sync=target test-python-3.12 test-python-3.13
test-python-3.12 test-python-3.13: ## Run the tests on this version of Python
	$(PROCESSOR) BIN=$(BIN) REQUIRED=$(REQUIRED) COVERAGE=$(COVERAGE) NUMERIC_TESTS="$(NUMERIC_TESTS)" \
	  UNTRACED_TESTS="$(UNTRACED_TESTS)" tests/other_python.sh $(@:test-python-%=%)

.PHONY: test-programs
test-programs: setup ## Build the object stores and kubectl for the tests (once; needs Go 1.26)
	$(BIN)/python -m tests.testbed build-programs

##@ Kubernetes
BUILDER ?= docker
BASE ?= docker.io/library/python:3.11-slim-bookworm
IMAGES ?= viewfinder
TAG ?= 0.1.0
.PHONY: images
images: ## Build the images (BUILDER=docker or buildah, BASE=, IMAGES=registry/prefix, TAG=, FLAGS=)
	for target in predictor steps notebook; do \
	  $(BUILDER) build $(if $(findstring buildah,$(BUILDER)),--isolation chroot) \
	    $(FLAGS) --build-arg BASE=$(BASE) --target $$target --tag $(IMAGES)/$$target:$(TAG) . || exit 1; \
	done

.PHONY: cluster-up
cluster-up: setup ## Start a Kubernetes cluster with KServe (root, Linux; KSERVE=0.16.0); for its kubeconfig: .venv/bin/python -m tests.testbed kubeconfig
	$(BIN)/python -m tests.testbed setup
	$(BIN)/python -m tests.testbed up $(if $(KSERVE),--kserve $(KSERVE))

.PHONY: cluster-down
cluster-down: setup ## Remove that cluster completely
	$(BIN)/python -m tests.testbed down

.PHONY: test-cluster test-cluster-up
test-cluster-up: setup ## Bring up what test-cluster starts with: the test bed with the project's images
	BIN=$(BIN) tests/cluster/up.sh
test-cluster: setup ## Run the tests that need a cluster: the one in KUBECONFIG, or the test bed (WORKERS=2: two at once)
	BIN=$(BIN) WORKERS=$(WORKERS) tests/cluster/run.sh $(TESTS)

##@ Check
.PHONY: check
check: setup ## Check format, lint, types, layers, prose, site, requirements and wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory check-prose
	$(MAKE) --no-print-directory docs
	$(MAKE) --no-print-directory check-requirements
	$(MAKE) --no-print-directory check-wheel

.PHONY: check-prose
check-prose: setup ## Check the English of documents, docstrings, comments and messages
	$(BIN)/python -m tests.prose

.PHONY: docs docs-source docs-serve
SITE_URL ?=
docs: docs-source ## Build the documentation site in build/site, for SITE_URL= if given; a link that leads nowhere is an error
	sed 's|"build/site|"site|$(if $(SITE_URL),; /^site_name = /a site_url = "$(SITE_URL)")' zensical.toml > build/zensical.toml
	$(BIN)/zensical build --clean --strict --config-file build/zensical.toml
	$(BIN)/python -m website.check build/site $(SITE_URL)
docs-source: setup ## Write the site's pages as Markdown, in build/site-source
	$(BIN)/python -m website.stage build/site-source
docs-serve: docs-source ## Serve the site at http://127.0.0.1:8000 (after editing a page, run it again)
	$(BIN)/zensical serve --dev-addr 127.0.0.1:8000

.PHONY: requirements
requirements: ## Pin every requirement again, with hashes (UPGRADE=1: newest versions)
	$(BIN)/python requirements/pin.py $(if $(UPGRADE),--upgrade)

.PHONY: check-requirements
check-requirements: setup ## Check that the pinned requirements are up to date
	$(BIN)/python requirements/pin.py --check

.PHONY: check-wheel
check-wheel: setup ## Build the wheel and try it in a clean environment
	requirements/check_wheel.sh $(BIN)

PIPELINES = $(shell $(BIN)/python -c "from viewfinder_pipelines.pipeline.registry import PIPELINES as all; print(*(one.label for one in all))")
.PHONY: golden
golden: setup ## Rewrite the compiled pipelines' golden files
	for name in $(PIPELINES); do \
	  $(BIN)/viewfinder compile --pipeline $$name -o tests/contract/golden/$$name.yaml || exit 1; \
	done

.PHONY: parameters
parameters: setup ## Rewrite docs/parameters.md
	$(BIN)/viewfinder parameters --markdown > docs/parameters.new
	mv docs/parameters.new docs/parameters.md

.PHONY: messages
messages: setup ## Rewrite docs/messages.md
	$(BIN)/python -m website.messages > docs/messages.new
	mv docs/messages.new docs/messages.md

.PHONY: dashboards
dashboards: setup ## Rewrite Grafana's dashboards in manifests/monitoring
	$(BIN)/python -m dashboards

.PHONY: screenshots
screenshots: setup ## Make docs/images/report.png from a run of the demo (needs Chromium; RUNS=.viewfinder: from the newest run there)
	$(BIN)/python -m website.screenshots $(RUNS)

.PHONY: screenshot-drift
screenshot-drift: setup ## Make docs/images/drift.png from a page of `viewfinder drift` (needs Chromium; PAGE=its file, NAME= of another picture)
	$(BIN)/python -m website.drift_screenshot $(PAGE) $(NAME)

.PHONY: screenshots-serving
screenshots-serving: setup ## Make docs/images/serving.png from a start of the demo's model under load (needs Chromium and `make demo`)
	$(BIN)/python -m website.serving_picture

.PHONY: screenshots-kubeflow
screenshots-kubeflow: setup ## Make docs/images/kubeflow-*.png (Chromium; UI=address of Kubeflow's UI, RUN=, FAILED=, DEPLOYMENT=: ids of runs there)
	$(BIN)/python -m website.kubeflow_screenshots $(UI) $(if $(RUN),--run $(RUN)) $(if $(FAILED),--failed $(FAILED)) $(if $(DEPLOYMENT),--deployment $(DEPLOYMENT))

.PHONY: format
format: setup ## Format the code and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: check-workflows
check-workflows: setup ## Check the GitHub workflows with actionlint (needs Go 1.26) and zizmor
	"$$($(BIN)/python -m tests.testbed actionlint)" -color
	$(BIN)/zizmor --quiet --offline --persona pedantic .github

##@ Release
REGISTRY ?=
VERSION ?=
BRANCH ?= origin/main
.PHONY: release-version
release-version: ## Write VERSION=x.y.z into every file that names the version
	$(PYTHON) release/versions.py --set "$(VERSION)"

.PHONY: release-check
release-check: ## Check that every file names VERSION=x.y.z, and that the changelog describes it
	$(PYTHON) release/versions.py "$(VERSION)"

.PHONY: release-commit
release-commit: ## Check that the commit is on the branch BRANCH=origin/main
	release/check_commit.sh "$(BRANCH)"

.PHONY: release-images
release-images: ## Build, push and start the images, and pin them in the package (REGISTRY=, VERSION=; docker buildx)
	PYTHON="$(PYTHON)" release/images.sh "$(REGISTRY)" "$(VERSION)"

.PHONY: release-pins
release-pins: ## Pin the images that release-images pushed from another clone (REGISTRY=; build/release/images)
	$(PYTHON) release/pin_images.py "$(REGISTRY)" build/release/images

.PHONY: dist
dist: setup ## Build the source distribution and the wheel in dist/, byte for byte the same for a commit
	BIN=$(BIN) release/dist.sh

.PHONY: release-assets
release-assets: setup ## Write the pipelines, components and manifests of a release, after dist (build/release/assets; needs Go 1.26)
	BIN=$(BIN) release/assets.sh

.PHONY: release-notes
release-notes: ## Write the notes of a release (build/release/notes.md; REGISTRY=, VERSION=)
	$(PYTHON) release/notes.py "$(VERSION)" "$(REGISTRY)" build/release/images > build/release/notes.md

.PHONY: release-publish
release-publish: ## Create the GitHub release of the tag vVERSION, with everything above (needs gh)
	release/publish.sh "$(VERSION)"

##@ Measure
.PHONY: benchmark
benchmark: setup ## Repeat the measurements of docs/measurements.md (BENCHMARK=name for one of them)
	$(BIN)/python -m tests.benchmarks $(BENCHMARK)

OUTPUT ?= build/comparison
.PHONY: compare
compare: setup ## Compare the ways to serve the demo's model, after `make demo` (50 minutes; OUTPUT=folder, SERVERS=name,..., QUICK=1)
	$(BIN)/viewfinder compare fruit --output $(OUTPUT) $(if $(SERVERS),--servers $(SERVERS)) $(if $(QUICK),--quick)

##@ Clean
.PHONY: clean
clean: ## Remove the virtual environment and all build results
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .grimp_cache .cache

##@ Help
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9. -]+:.*## / {n = split($$1, names, " "); for (i = 1; i <= n; i++) printf "  %-20s %s\n", names[i], $$2}' $(MAKEFILE_LIST)
