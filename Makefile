# make run    start the desk on http://127.0.0.1:8501
# make test   all checks and tests
# make lock   compile the three requirements files anew from pyproject.toml
# make train-deep  train the LSTM with an extra of its own; the desk serves it without
# make bench  measure, and print each figure beside what it is compared with
# make clean  remove what the other targets made; data/ stays

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PEERS := bench/.venv

.PHONY: run test lock train-deep bench clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	$(BIN)/python -m streamlit run app.py

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache
	$(BIN)/python -m pytest tests/unit tests/house tests/contract tests/garbage tests/proofs tests/e2e

# One environment serves both: requirements-dev.txt holds everything that requirements.txt holds, at the
# same versions, so whoever has the one for tests needs nothing more to run.
$(VENV)/run.stamp: requirements.txt | $(VENV)/made.stamp
	$(PIP) install --require-hashes -r requirements.txt
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt | $(VENV)/made.stamp
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

$(VENV)/deep.stamp: requirements-deep.txt $(VENV)/run.stamp
	$(PIP) install --require-hashes -r requirements-deep.txt
	@touch $@

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MarketPulse needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# uv resolves for every platform and Python at once; it is needed here only, and comes in an environment of its own
UV = $(or $(shell command -v uv),build/uv/bin/uv)
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-header $(UPGRADE)

lock: $(filter build/%,$(UV))
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt
	$(COMPILE) --group pyproject.toml:deep --constraints requirements.txt --output-file requirements-deep.txt

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip --disable-pip-version-check --quiet install uv

train-deep: $(VENV)/deep.stamp
	$(BIN)/python -m marketpulse train-deep

# Programs that are only measured against live in bench/requirements.txt, in an environment of their own
bench: $(VENV)/test.stamp $(PEERS)/peers.stamp
	$(BIN)/python -m bench.run

$(PEERS)/peers.stamp: bench/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install -r bench/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
