# Every target sets up what it needs: nothing is installed by hand.
PYTHON ?= python3
BIN := .venv/bin
EXTERNAL := node time motherduck
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint test-external conformance bench-quality examples train-tools lock clean

demo: .venv/run.done  ## one agent, one team and one proxied call, over stdio, on the bundled data
	@$(BIN)/python -m server.demo

test: lint  ## everything that works offline
	@$(BIN)/pytest -m "not external" -n auto --maxprocesses 4 --dist loadfile

lint: .venv/dev.done
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --warnings
	@$(BIN)/lint-imports --no-logo > .venv/imports.log || { cat .venv/imports.log; exit 1; }

test-external: .venv/dev.done $(EXTERNAL:%=.venv-external/%.done)  ## servers that others wrote, fetched from npm and PyPI
	@$(BIN)/pytest tests/external tests/conformance -rs

conformance: .venv/dev.done .venv-external/node.done  ## the official MCP suite against Sophia, and through it
	@$(BIN)/pytest tests/conformance

bench-quality: .venv/dev.done $(EXTERNAL:%=.venv-external/%.done)  ## how good the answers are, on data that nobody here wrote
	@$(BIN)/python -m benchmarks.quality all

examples: .venv/dev.done  ## write docs/agents.md from real answers
	@$(BIN)/python -m benchmarks.examples > docs/agents.md.new && mv docs/agents.md.new docs/agents.md

train-tools: .venv-train/train.done  ## what rebuilds the trained models, in an environment of its own

lock:  ## pin the newest versions that pyproject.toml allows
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group train -o requirements-train.lock
	for server in time motherduck; do echo mcp-server-$$server | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade - -o tests/external/$$server.lock; done
	PATH="$(CURDIR)/$(BIN):$$PATH" npm update --prefix tests/external/node --package-lock-only

clean:
	rm -rf .venv .venv-external .venv-train

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Sophia needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 demo" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

.venv/run.done: requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing Sophia into .venv"
	@$(BIN)/pip install -qq --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.done: requirements-dev.lock .venv/run.done
	@echo "installing the development tools into .venv"
	@$(BIN)/pip install -qq --require-hashes -r requirements-dev.lock
	@touch $@

.venv-train/train.done: requirements-train.lock | .venv/bin/python
	@echo "installing what trains models into .venv-train"
	@$(BIN)/python -m venv --clear .venv-train
	@.venv-train/bin/pip install -qq --require-hashes -r $<
	@touch $@

# Each in an environment of its own: they pin what Sophia has in other versions.
.venv-external/%.done: tests/external/%.lock | .venv/run.done
	@echo "installing mcp-server-$* into .venv-external/$*"
	@$(BIN)/python -m venv --clear .venv-external/$*
	@.venv-external/$*/bin/pip install -qq --require-hashes -r $<
	@touch $@

# With the Node of .venv, since the machine may have none or an old one. What is optional are drivers for databases and
# clouds that no test speaks to.
.venv-external/node.done: tests/external/node/package.json tests/external/node/package-lock.json | .venv/dev.done
	@echo "installing the npm servers into .venv-external/node"
	@mkdir -p .venv-external/node
	@cp tests/external/node/package.json tests/external/node/package-lock.json tests/external/node/.npmrc .venv-external/node
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix .venv-external/node --ignore-scripts --omit=optional --loglevel=error > /dev/null
	@touch $@
