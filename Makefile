# `make demo` and `make test` do all set-up themselves; `make help` lists the rest.
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
setup: $(VENV)/.ready ## Make the virtual environment from the pinned requirements

# A stamp newer than every input: a second `make` sets nothing up and downloads nothing. Bytecode is
# compiled at once: where Python may not write it later, importing TensorFlow takes twice as long.
$(VENV)/.ready: requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "expected Python 3.11, 3.12 or 3.13, received '$(PYTHON)'; install one of them or say make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test
test: setup test-programs ## Pass every test that needs no cluster
	$(BIN)/pytest --ignore=tests/cluster

# What the processor does to numbers, TensorFlow and OpenVINO decide when they start.
NUMERIC_TESTS := tests/unit/export tests/unit/inference tests/unit/training tests/unit/evaluation \
  tests/unit/checking tests/serving/test_predictions.py
.PHONY: test-numerics test-numerics-avx2 test-numerics-plain
test-numerics: setup ## Pass what computes as other processors do: with AVX2 only, and without oneDNN
	$(MAKE) --no-print-directory -j2 --output-sync=target test-numerics-avx2 test-numerics-plain
test-numerics-avx2: ## Pass them with AVX2 only
	ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/pytest -p no:cacheprovider -m "not slow" $(NUMERIC_TESTS)
test-numerics-plain: ## Pass them without oneDNN
	TF_ENABLE_ONEDNN_OPTS=0 $(BIN)/pytest -p no:cacheprovider -m "not slow" $(NUMERIC_TESTS)

.PHONY: test-pythons test-python-3.12 test-python-3.13
test-pythons: setup ## Pass the tests on Python 3.12 and 3.13, where they are installed (REQUIRED=1: fail otherwise)
	$(MAKE) --no-print-directory -j2 --output-sync=target test-python-3.12 test-python-3.13
test-python-3.12 test-python-3.13: ## Pass the tests on this Python
	BIN=$(BIN) REQUIRED=$(REQUIRED) tests/other_python.sh $(@:test-python-%=%)

.PHONY: test-programs
test-programs: setup ## Build the object stores and the kubectl that the tests start (Go 1.26; once)
	$(BIN)/python -m tests.testbed build-programs

##@ Kubernetes
BUILDER ?= docker
BASE ?= docker.io/library/python:3.11-slim-bookworm
IMAGES ?= viewfinder
TAG ?= 0.1.0
.PHONY: images
images: ## Build both images (BUILDER=docker or buildah, BASE=, IMAGES=registry/prefix, TAG=, FLAGS=)
	for target in predictor steps; do \
	  $(BUILDER) build $(if $(findstring buildah,$(BUILDER)),--isolation chroot) \
	    $(FLAGS) --build-arg BASE=$(BASE) --target $$target --tag $(IMAGES)/$$target:$(TAG) . || exit 1; \
	done

.PHONY: cluster-up
cluster-up: setup ## Bring up a Kubernetes with KServe (root, Linux; KSERVE=0.16.0); its kubeconfig: .venv/bin/python -m tests.testbed kubeconfig
	$(BIN)/python -m tests.testbed setup
	$(BIN)/python -m tests.testbed up $(if $(KSERVE),--kserve $(KSERVE))

.PHONY: cluster-down
cluster-down: setup ## Take it down; nothing of it is left
	$(BIN)/python -m tests.testbed down

.PHONY: test-cluster
test-cluster: setup ## Pass the tests that need a cluster: KUBECONFIG's, or the test bed's
	BIN=$(BIN) tests/cluster/run.sh $(TESTS)

##@ Check
.PHONY: check
check: setup ## Lint, types, layers, requirements up to date, wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory check-requirements
	$(MAKE) --no-print-directory check-wheel

.PHONY: requirements
requirements: ## Pin every requirement again, with hashes (UPGRADE=1 for the newest)
	$(BIN)/python requirements/pin.py $(if $(UPGRADE),--upgrade)

.PHONY: check-requirements
check-requirements: setup ## See whether the pinned requirements are up to date
	$(BIN)/python requirements/pin.py --check

.PHONY: check-wheel
check-wheel: setup ## Build the wheel and try it in an environment of its own
	requirements/check_wheel.sh $(BIN)

PIPELINES = $(shell $(BIN)/python -c "from viewfinder_pipelines.pipeline.registry import PIPELINES as all; print(*(one.label for one in all))")
.PHONY: golden
golden: setup ## Write the compiled pipelines' golden files again
	for name in $(PIPELINES); do \
	  $(BIN)/viewfinder compile --pipeline $$name -o tests/contract/golden/$$name.yaml || exit 1; \
	done

.PHONY: parameters
parameters: setup ## Write docs/parameters.md again
	$(BIN)/viewfinder parameters --markdown > docs/parameters.new
	mv docs/parameters.new docs/parameters.md

.PHONY: format
format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

##@ Measure
.PHONY: benchmark
benchmark: setup ## Make the README's numbers again (BENCHMARK=name for one of them)
	$(BIN)/python -m tests.benchmarks $(BENCHMARK)

##@ Clean
.PHONY: clean
clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

##@ Help
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9. -]+:.*## / {n = split($$1, names, " "); for (i = 1; i <= n; i++) printf "  %-20s %s\n", names[i], $$2}' $(MAKEFILE_LIST)
