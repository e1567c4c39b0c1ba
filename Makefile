# `make demo` runs the main job, `make test` the checks. Both install what they need into .venv first.
PYTHON ?= python3
BIN := .venv/bin
OPTIONAL_EXTRAS := openvino tensorrt-rtx tensorrt
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint install clean

demo: install
	$(BIN)/crnn-deploy run recipes/quickstart.yaml

test: install lint
	$(BIN)/pytest -n auto

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) torch
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf .venv runs
