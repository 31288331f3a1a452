# Every target sets up what it needs: nothing is installed by hand.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint test-external lock clean

demo: .venv/run.done  ## one agent, one team and one proxied call, over stdio, on the bundled data
	@$(BIN)/python -m server.demo

test: lint  ## everything that works offline
	@$(BIN)/pytest -m "not external"

lint: .venv/dev.done
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --warnings
	@$(BIN)/lint-imports --no-timing > .venv/imports.log || { cat .venv/imports.log; exit 1; }

test-external: .venv/dev.done  ## servers that others wrote, fetched from npm and PyPI
	@$(BIN)/pytest -m external

lock:  ## pin the newest versions that pyproject.toml allows
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group dev -o requirements-dev.lock

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Sophia needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 demo" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

.venv/run.done: requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing Sophia into .venv"
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.done: requirements-dev.lock .venv/run.done
	@echo "installing the development tools into .venv"
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@touch $@
