# Every target makes the virtual environment itself where it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo serve lint style types check test tests test-slow coverage test-lowest fuzz docs wheel release quality bench clean

help: ## Say what can be made.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(STAMP) ## Make .venv with the package and everything it is developed with.

# torch first and by its exact version, so that nothing else decides which build is taken.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP) ## Go the whole way on MovieLens 100K: compare, report, recommend, explain.
	$(BIN)/penchant demo

serve: $(STAMP) ## Show the demo's recommendations on a page and over REST, at http://127.0.0.1:8000.
	test -d out/demo/bundle || $(BIN)/penchant demo
	$(BIN)/penchant serve out/demo/bundle --comparison out/demo/comparison.json

lint: style types ## Check style, types and who imports whom.

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/lint-imports
	$(BIN)/mypy

# One thread a process: more would wait for each other. Programs that tests start find modules
# compiled, also where the environment keeps Python from writing them.
ONE_THREAD := OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1
PYTEST := $(ONE_THREAD) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: lint ## Check style and types, and run the tests beside changed files.
	$(BIN)/python tests/support/changed_tests.py | xargs -r $(PYTEST)

test: style ## Check style and types, and run all tests but the slow ones.
	$(MAKE) --no-print-directory --jobs=2 types tests

tests: $(STAMP)
	$(PYTEST) -m "not slow"

test-slow: $(STAMP) ## Run those that take many seconds each: clusters, kills, published figures.
	$(PYTEST) -m slow

coverage: $(STAMP) ## Run all tests and say which lines and branches they reach.
	$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html:out/coverage

# PENCHANT_FUZZ=5 makes fewer tries, PENCHANT_FUZZ_SEED=1 the same again.
fuzz: $(STAMP) ## Read, restore, kill and attack many times over, and print a table of figures.
	$(ONE_THREAD) $(BIN)/python benchmarks/fuzz.py -n auto --maxprocesses 4 --dist worksteal

# The lowest versions that pyproject.toml allows; torch alone stays as it is.
test-lowest: pyproject.toml constraints-lowest.txt ## Run all tests with the lowest allowed versions.
	test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet "$$(grep '^torch==' constraints-lowest.txt)"
	.venv-lowest/bin/python -m pip install --quiet -c constraints-lowest.txt -e '.[all,test]'
	$(ONE_THREAD) .venv-lowest/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal

# Afresh each time, for pages are also made of the package; warnings, such as dead links, are errors.
docs: $(STAMP) ## Build the documentation as a site, out/docs/index.html, without network.
	$(BIN)/python docs/site_builder/architecture.py
	$(BIN)/python -m sphinx -W --keep-going -n -E -q -b html -d out/docs-doctrees docs out/docs

wheel: $(STAMP) ## Build a wheel and a source distribution in dist/.
	$(BIN)/python -m build

release: $(STAMP) ## Build both twice, so that the same commit gives the same bytes, and say their SHA-256.
	$(BIN)/python deploy/build_release.py

quality: $(STAMP) ## Run every model on many logs, tuned and not, and write docs/quality.md; SHORT=1 takes minutes.
	$(BIN)/python benchmarks/quality.py $(if $(SHORT),--short)

bench: $(STAMP) ## Measure time, memory and figures on this machine.
	$(BIN)/python benchmarks/run.py

clean: ## Remove what was built and cached, but for .venv.
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
