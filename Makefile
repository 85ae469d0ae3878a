# make run    every shipped scenario, and the verdicts of all in one table
# make check  lint, types and the fast part of the tests: what is run every few minutes
# make test   lint, types, all tests: what must be green before a change lands
# make figures  the pictures of the README
# make docs   the site, into docs/_build/html
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run check lint types fast test figures docs calibrate pooling skill experience lock clean

run: $(READY)
	$(BIN)/simmodel run scenarios/*.yaml --keep-draws

# The fast part: files that run no scenario from beginning to end. A file that is not there is an
# error, and so are fewer tests than FAST_AT_LEAST: the list cannot shrink unseen.
FAST := $(addprefix tests/test_,$(addsuffix .py,architecture calibration cells ci decomposition \
	docstrings graduation hierarchy life_table migration parameters projection \
	quantiles sampling scenario scores sensitivity texts verdicts))
FAST_AT_LEAST := 1800
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: lint types fast

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

fast: $(READY)
	$(PYTEST) --quiet --at-least $(FAST_AT_LEAST) $(FAST)

test: lint types
	$(PYTEST)

figures: run
	$(BIN)/python figures/gallery.py

docs: $(READY)
	$(BIN)/sphinx-build -W --keep-going --quiet -b html docs docs/_build/html
	@echo open docs/_build/html/index.html

calibrate: $(READY)
	$(BIN)/simmodel calibrate

# From the public statistics in DATA: how units depart from the pace of what they lie in, and how well
# the model has forecast (both want `make calibrate` in between); how fast regions have urbanized.
DATA ?= ../shared/data

pooling: $(READY)
	$(BIN)/python benchmarks/pooling.py $(DATA)

skill: $(READY)
	$(BIN)/python benchmarks/skill.py $(DATA)

experience: $(READY)
	$(BIN)/python benchmarks/experience.py $(DATA)

# Everything is installed from the lock, with hashes; the package itself in place.
$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Re-made by hand when pyproject.toml changes its dependencies.
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra explore --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf .venv docs/_build figures/*/ .pytest_cache .mypy_cache .ruff_cache
