# Everything runs in .venv, which is set up on first use and again when its inputs change.
# Needed beforehand: Python 3.11 or later, make and gcc.

BIN := .venv/bin
PINS := docker/constraints.txt
INSTALLED := .venv/installed
EVERYTHING := --constraint $(PINS) --editable '.[dev,keywords]'
PYTHON ?= $(firstword $(foreach p,python3.11 python3 python,$(shell \
	$(p) -c 'import sys; print("$(p)") if sys.version_info >= (3, 11) else None' 2>/dev/null)))
SOURCES := $(shell find ml_headcount_assets -name '*.py' -o -name '*.j2' -o -name '*.yaml')
PARALLEL := --numprocesses logical --maxprocesses 8 --dist worksteal
WAREHOUSE := demo/warehouse
TRUTH := demo/study/truth/truth.csv

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint audit format bench lock clean

help:  ## show what there is
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## set up .venv, which the others do by themselves

demo: demo/report/report.html  ## simulate a study of 403 companies, estimate it, compare with the truth
	@$(BIN)/ml-headcount compare --truth $(TRUTH) --warehouse $(WAREHOUSE)
	@echo "The study is in demo/study, its tables in $(WAREHOUSE) (DuckDB), the figures and files in"
	@echo "demo/report; open demo/report/report.html in a browser. The lineage is shown by"
	@echo "  $(BIN)/ml-headcount ui --warehouse $(WAREHOUSE)"

demo/study/study.yaml: $(wildcard ml_headcount_assets/worlds/*)  | $(INSTALLED)
	$(BIN)/ml-headcount simulate --raw --out demo/study

# A warehouse may be there though the run that was filling it has failed, hence the stamp.
demo/estimated: demo/study/study.yaml $(SOURCES) $(INSTALLED)
	$(BIN)/ml-headcount run --study demo/study --warehouse $(WAREHOUSE)
	@touch $@

demo/report/report.html: demo/estimated
	$(BIN)/ml-headcount export --to demo/report --truth $(TRUTH) --warehouse $(WAREHOUSE)

# Work is stolen, not shared out test by test: neighbours mostly stay together, and what a file's
# tests share is made once. `PYTEST_ARGUMENTS="-n 0 --pdb"` runs them in one process.
test: $(INSTALLED)  ## run the tests
	@$(BIN)/python -m pytest $(if $(findstring no:xdist,$(PYTEST_ARGUMENTS)),,$(PARALLEL)) $(PYTEST_ARGUMENTS)

lint: $(INSTALLED)  ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Exceptions are in docker/audit-exceptions.txt, each with its reason. It needs the network, and fails
# where a release cannot be looked up: an index that only mirrors packages knows no vulnerabilities.
audit: $(INSTALLED)  ## look the pinned releases up among known vulnerabilities
	@$(PIP) install --quiet --disable-pip-version-check pip-audit
	@$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement $(PINS) $(shell \
		sed -n 's/^\([A-Z][A-Za-z0-9-]*\) .*/--ignore-vuln \1/p' docker/audit-exceptions.txt)

format: $(INSTALLED)  ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED)  ## measure speed and memory, and print the ratios
	@$(BIN)/python -m ml_headcount_tests.benchmarks

lock: $(INSTALLED)  ## pin the releases that are installed now
	@$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > $(PINS)

clean:  ## remove the environment, the caches and the demo
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info demo

# All is compiled now, once: where PYTHONDONTWRITEBYTECODE is set, as in many containers, what is not
# compiled now would be compiled again by each command, which takes longer than what they do.
$(INSTALLED): pyproject.toml $(PINS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; PYTHON=... says where it is."; exit 1; }
	@echo "Setting up .venv (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv
	@$(with_uv) || { echo "uv is not to be had, or has failed, see above: installing with pip, which takes longer ..."; $(with_pip); }
	@touch $@

PIP := $(BIN)/python -m pip
with_pip = $(PIP) install --quiet --quiet --disable-pip-version-check --compile $(EVERYTHING)
with_uv = $(PIP) install --quiet --quiet --disable-pip-version-check --constraint $(PINS) uv && \
	UV_FIND_LINKS="$(wheels)" $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(EVERYTHING)

# uv reads nothing of pip's settings. Where these name a place with wheels, uv is to look there too:
# that is where a torch for processors alone can be, without several GB of libraries for GPUs.
wheels = $(subst $(space),$(comma),$(strip $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS),$(shell $(PIP) config get global.find-links 2>/dev/null))))
comma := ,
space := $(subst ,, )
