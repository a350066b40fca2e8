# make run      the app in the browser        make test     lint, types and every test
# make format   rewrite in the house style    make gallery  train the shipped runs again
#
# The first call installs into .venv; later calls find it done.
# Other Python: make run PYTHON=python3.13 VENV=.venv313
# Some tests:   make test PYTEST_ARGS="-k store -x"

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Processes for the tests without a browser. Those with one run alone afterwards: they measure time.
WORKERS ?= 2
# Which lines of aecore the tests reach; on Python 3.11, where a tracer counts them, the tests without a browser
# take half as long again. Without: make test COVERAGE=
COVERAGE ?= --cov=aecore

.PHONY: run test format gallery

run: $(VENV)/.installed
	$(BIN)/streamlit run streamlit_app.py

# Exit code 5 is "no test selected": an error, unless PYTEST_ARGS chose among the tests.
test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(WORKERS) -m "not browser" --durations=10 $(COVERAGE) $(PYTEST_ARGS) $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])
	$(BIN)/python -m pytest -m browser --durations=10 $(PYTEST_ARGS) $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

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
