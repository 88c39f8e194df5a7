# The menu. `make` alone lists it. Set-up is done on first use and again when pyproject.toml changes.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format build clean

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1\t\2/p' Makefile | expand -t 14

demo: .venv/.demo ## a recorded person, lifted live, in the browser (Ctrl-C ends it)
	@exec 3< <($(BIN)/m2t3 view); viewer=$$!; trap 'kill $$viewer 2>/dev/null || true' EXIT; \
	grep --max-count=1 'open http' <&3; \
	$(BIN)/m2t3-stream --camera configs/cam0.yaml

test: .venv/.dev ## all tests that need no GPU
	@$(BIN)/pytest -q

check: .venv/.dev ## lint, formatting, types, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@for module in *.py */__init__.py; do ln -sfn ../../../$${module%/__init__.py} .venv/src/m2t3/; done
	@MYPYPATH=.venv/src $(BIN)/mypy -p m2t3 | sed 's,^.venv/src/m2t3/,,'
	@$(BIN)/lint-imports --no-cache | tail -n +12

format: .venv/.dev ## mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

build: .venv/.dev ## wheel and sdist in dist/, each installed in a clean environment and tried
	@rm -rf dist && $(BIN)/python -m build --outdir dist . >/dev/null
	@for package in dist/*.whl dist/*.tar.gz; do $(BIN)/python tests/smoke.py "$$package"; done

clean: ## remove environments, builds and caches
	rm -rf .venv build dist *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.demo: pyproject.toml
	@echo "setting up .venv for the demo (once, a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --editable '.[view]'
	@touch $@

.venv/.dev: pyproject.toml
	@echo "setting up .venv for development (once, a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --editable '.[dev,train]'
	@mkdir -p .venv/src/m2t3 && touch $@ # for mypy: a folder that bears the package's name
