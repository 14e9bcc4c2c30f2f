# Everything from a fresh clone; needs Python 3.11 to 3.13 with pip, nothing else.
#
#   make demo     four tunes in two styles from a real one: demo/index.html   (TUNE=path: from your own)
#   make test     the tests
#   make lint     ruff, mypy, the arrows between packages, licences of what gets installed
#   make docs     docs/_build/html
#   make bench    every figure of docs/benchmarks.md, measured again

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
# On Linux, plain torch from PyPI carries CUDA (2 GB). To fetch the small build instead:
#   make test TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

BIN = $(VENV)/bin
STAMP = $(VENV)/.canzona-installed
PIP_OPTIONS = --disable-pip-version-check --quiet -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: demo test lint docs bench setup clean
.DEFAULT_GOAL := test

setup: $(STAMP)

# Debian without python3-venv cannot put pip into a new environment; the pip outside can.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Canzona needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null && $(PYTHON) -m venv $(VENV) \
		|| { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up $(VENV) (once; some minutes) ..."
	@$(BIN)/python -m pip install $(PIP_OPTIONS) torch
	@$(BIN)/python -m pip install $(PIP_OPTIONS) -e '.[train,stems,formats,dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py $(if $(TUNE),"$(TUNE)")

test: $(STAMP)
	@$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/licences.py

docs: $(STAMP)
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

# The peers that the extractor is measured beside. openunmix and demucs ask for a torchaudio that loads
# beside no recent torch; the benchmarks need their networks alone. With them here, all tests of the
# benchmarks can run.
bench: $(STAMP)
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --no-deps openunmix demucs
	@$(BIN)/python -m pip install $(PIP_OPTIONS) julius einops tqdm museval
	@$(BIN)/python -m pytest -q tests/benchmarks
	@$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) build dist demo docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
