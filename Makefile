# Everything a developer or a new user runs. `make` alone lists the targets.
PYTHON ?= python3
RUNS ?= 10
SEED ?= 0
RUN := .venv/bin

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv && $(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[develop]' && touch $@

install: .venv/.installed  ## .venv with deskpulse and everything to develop it

demo: .venv/.installed  ## embedded broker, worker and a simulated help desk; Ctrl-C ends all of it
	@$(RUN)/deskpulse demo

test: .venv/.installed  ## all tests; those whose program is missing are skipped and named
	@$(RUN)/pytest

services:  ## the programs that some tests need, from the system's packages (Debian)
	@tests/services/install

check: .venv/.installed  ## format, lint, types, import contracts, generated files
	@$(RUN)/ruff format --check && $(RUN)/ruff check && $(RUN)/mypy && $(RUN)/lint-imports && $(RUN)/deskpulse generate --check

format: .venv/.installed  ## rewrite what `check` would complain of and can be mended
	@$(RUN)/ruff format && $(RUN)/ruff check --fix && $(RUN)/deskpulse generate

.venv/.bench-installed: .venv/.installed
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[develop,bench]' && touch $@

bench: .venv/.bench-installed  ## the benchmark table, side by side in one run; OUTPUT=docs/benchmarks.md writes the page
	@$(RUN)/python -m bench $(if $(OUTPUT),--output $(OUTPUT))

screenshots: .venv/.installed  ## docs/images: the wall as the README shows it, by the system's Chromium
	@$(RUN)/python -m tests.wall_pictures docs/images

soak: .venv/.installed  ## kills workers at random: RUNS=10 SEED=0, one line a run; a seed replays its run
	@$(RUN)/python -m tests.soak --runs $(RUNS) --seed $(SEED)

clean:  ## what can be made again
	rm -rf .venv .state dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help install demo test services check format bench screenshots soak clean
