# make run      the app in the browser        make test     lint, types and every test
# make format   rewrite in the house style    make gallery  train the shipped runs again
# make trust    many configs, and trainings that are harmed; make trust-soak: an hour of everything at once
# make bench    every table of speed in its quick version, kept by kind of machine; make bench-check: compared with that
#
# The first call installs into .venv; later calls find it done.
# Other Python: make run PYTHON=python3.13 VENV=.venv313
# Some tests:   make test PYTEST_ARGS="-k store -x"

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Processes for the tests, those in a browser included: these wait for conditions and measure no time.
WORKERS ?= 2
# Which lines of aecore the tests reach: make test COVERAGE=--cov=aecore. On Python 3.11, where a tracer counts
# them, the tests without a browser then take half as long again.
COVERAGE ?=
# Each process begins with a half of its own, so that what tests share is made once, and takes from the other's end.
PYTEST := -m pytest -n $(WORKERS) --dist worksteal --durations=10

.PHONY: run test trust trust-soak format gallery bench bench-check

run: $(VENV)/.installed
	$(BIN)/streamlit run serve.py

# Exit code 5 is "no test selected": an error, unless PYTEST_ARGS chose among the tests.
test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python $(PYTEST) -m "not browser" $(COVERAGE) $(PYTEST_ARGS) $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])
	$(BIN)/python $(PYTEST) tests/browser -m browser $(PYTEST_ARGS) $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])

# What `make test` does a little of, within half an hour, and a table of it:
# make trust TRUST_ARGS="--seed 7 --minutes 10"
TRUST_ARGS ?=
trust: $(VENV)/.installed-dev
	$(BIN)/python -m tests.trust $(TRUST_ARGS)

# Trainings come and go and pages are visited for an hour: make trust-soak MINUTES=10
MINUTES ?= 60
trust-soak: $(VENV)/.installed-dev
	$(BIN)/python -m tests.trust.soak --minutes $(MINUTES)

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# On a machine that does nothing else: some twenty minutes.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks all

bench-check: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks check

gallery: $(VENV)/.installed
	$(BIN)/python -m aecore.gallery

# Half-made environments (an interrupted first call, no ensurepip) are made again, whole ones kept.
$(VENV)/.installed: requirements.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no '$(PYTHON)' here: install Python 3.11 or newer, or name one with PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is older: name another with PYTHON=..." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv "$(VENV)"
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
