# Everything a new clone needs: `make demo` and `make test`. Both install what is missing; a second run starts at once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
LAVA := .venv-lava
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The first interpreter that really runs and that the package supports; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3 python; do \
	"$$p" -c 'import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)

.PHONY: help install lava browser interop contract quantisation demo test check slow bench format lock test-matrix test-avx2 clean

help:
	@echo "make demo   the main job on real images, from training to energy (installs first)"
	@echo "make test   the test suite (installs first)"
	@echo "make check  format, lint, import and type rules"

install: $(READY)

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 found; install one, or name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Installing into $(VENV) with $(PYTHON) (some minutes, once)"
	"$(PYTHON)" -m venv $(VENV)
	# torch first and pinned: whatever asks for it later then finds it there.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $(READY)

# Lava runs on Python 3.10 only and lives apart. Without one everything else still works, unless Lava is required.
lava: $(READY)
	@$(BIN)/python -m spikewright.simulators.lava_environment $(LAVA) > /dev/null \
		|| { [ -z "$${SPIKEWRIGHT_REQUIRE_LAVA:-}" ] && echo "Going on without Lava."; }

demo: install lava
	@$(BIN)/spikewright demo

# The report's page is tested in a real browser. Without one everything else still works, unless it is required.
browser:
	@command -v chromium chromium-browser google-chrome > /dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
			&& echo "Installing Chromium (for the tests of the report's page, once)" \
			&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null; } \
		|| { [ -z "$${SPIKEWRIGHT_REQUIRE_BROWSER:-}" ] && echo "No Chromium: the tests of the report's page are skipped."; }

test: install lava browser
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

slow: install lava
	@$(BIN)/python -m pytest -m slow

# NIR files made in each framework's own environment, and who reads them; three minutes once the environments exist.
interop: install
	@$(BIN)/python -m benchmarks.interop

# Four whole networks on the oracle and on Lava, spike for spike; needs MNIST (see benchmarks/contract/images.py).
contract: install lava
	@$(BIN)/python -m benchmarks.contract

# MNIST networks as integers, and the ways of a divisor to a chip; needs MNIST (see docs/data.md). The first run trains
# everything: hours on two cores, minutes on a GPU. benchmarks/cache/ keeps the networks; the rest is half an hour.
quantisation: install lava
	@$(BIN)/python -m benchmarks.quantisation

# Speed beside other simulators, each in an environment of its own, which the first run makes (some minutes). On an idle
# machine W1, W2, W3, W5 and the start-up take about a quarter of an hour, plots some minutes; the networks of `trained`
# are trained first, which takes some minutes once (benchmarks/cache/ keeps them, docs/data.md says where the data lie).
# Results go to benchmarks/results/, one file as soon as it is measured; `make bench WORKLOADS="w2 w3"` measures some.
bench: install lava
	@$(BIN)/python -m benchmarks $(WORKLOADS)

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/basedpyright

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The engine compiled as for a processor whose vectors end at AVX2, which runs on those with AVX-512 as well.
test-avx2: install
	@PYTHONPATH=tests $(BIN)/python -m pytest -p without_avx512 tests/simulators

# The part that runs a saved program, on every interpreter found, with the core dependencies only.
test-matrix:
	@for v in 3.10 3.11 3.12 3.13; do \
		"python$$v" -c '' 2>/dev/null || { echo "python$$v: not found"; continue; }; \
		"python$$v" -m venv ".venv-$$v"; \
		".venv-$$v/bin/python" -m pip install --quiet --disable-pip-version-check -c requirements.lock -e . pytest pytest-timeout hypothesis; \
		".venv-$$v/bin/python" -m pytest tests/exporters/program tests/simulators -m "not lava and not torch and not slow"; done

# CUDA's own packages are left to torch: a build without CUDA needs none of them.
lock: $(READY)
	@$(BIN)/python -m pip install --quiet uv
	@{ echo "# Versions the tests ran with, for Python 3.10 to 3.13. Regenerate with: make lock"; \
	   echo "torch==2.13.0" > $(VENV)/pins.txt; \
	   $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --extra dev --override $(VENV)/pins.txt \
	     --no-header --no-annotate pyproject.toml | grep -v -E '^(nvidia-|cuda-|triton)'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean:
	rm -rf $(VENV) $(LAVA) .venv-3.* build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
