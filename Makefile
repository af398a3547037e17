# The targets of this project. Each sets up what it needs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet pyproject.toml --group build --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --no-header

# With these settings pip would install elsewhere, or not compile bytecode, which makes imports three times slower.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_COMPILE PIP_NO_COMPILE PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup report docs test soak check bench lock clean browser

help:  ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile | awk -F': ' '{ printf "make %-8s %s\n", $$1, $$2 }'

report: .venv/.runtime  ## Build the report into output/; sets up .venv first.
	$(BIN)/python -m reportgen build

docs: .venv/.runtime  ## Build the documentation into build/docs.
	$(BIN)/python -m reportgen site docs -o build/docs

setup: .venv/.dev browser tests/browser/node_modules/.reportgen  ## Set up everything for development.

test: check setup  ## Run all checks and tests, a real browser included.
	$(BIN)/python -m pytest -n auto

# Prints the counts at the end and writes them to build/soak.txt.
soak: setup  ## Repeat the randomized tests and the tests of faults to their full counts.
	@mkdir -p build && rm -f build/soak.txt
	REPORTGEN_SOAK=1 REPORTGEN_SOAK_REPORT=$(CURDIR)/build/soak.txt $(BIN)/python -m pytest -n 2 --dist worksteal \
		--timeout 3000 \
		$$(grep -rl --include='test_*.py' soak tests)

check: .venv/.dev  ## Check style, types and the import contracts.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev  ## Measure speed and size against the budgets.
	@set -e; for benchmark in benchmarks/[!_]*.py; do $(BIN)/python $$benchmark; done

lock: .venv/.dev  ## Update the lock files from pyproject.toml and tests/browser/package.json.
	$(LOCK) --upgrade -o requirements.lock
	$(LOCK) --upgrade --group dev --constraint requirements.lock -o requirements-dev.lock
	$(BIN)/python tests/browser/install.py lock

clean:  ## Delete everything that make has made here; the user's store stays.
	rm -rf .venv build dist tests/browser/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find output -mindepth 1 ! -name .gitignore -delete
	find reportgen tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# Every package is pinned by version and hash. Ours is installed last, with the build backend of the lock file.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reportgen needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q reportgen
	@touch $@

.venv/.dev: requirements-dev.lock requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q reportgen
	@touch $@ .venv/.runtime

browser: .venv/.dev
	$(BIN)/python tests/browser/install.py browser

tests/browser/node_modules/.reportgen: tests/browser/package-lock.json .venv/.dev
	$(BIN)/python tests/browser/install.py node
	@touch $@
