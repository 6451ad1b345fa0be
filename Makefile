# Everything that a newcomer or CI types. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := outputs/demo
# A test process for each core, each with one thread; the tests of a file stay together (tests/conftest.py), and the
# integration tests, which take longest, come first.
PARALLEL := -n auto --dist loadscope --no-loadscope-reorder --durations=25
test test-all: export OMP_NUM_THREADS := 1
# The tests start a hundred Python processes: where nothing may be kept, each would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check format pictures bench clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/installed  ## install into .venv, with everything that the tests need

# Not compiled: Python does that for the modules that are imported, a third of them.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e ".[dev]"
	touch $(VENV)/package $@

# Without what only the tests need.
$(VENV)/package: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	touch $@

demo: $(DEMO)/study/manifest.csv  ## make a DICOM study, mark its edema with the default model, compare with the truth
	$(BIN)/python infer.py $$(ls -d $(DEMO)/study/*/dicom) -o $(DEMO)/prediction --overwrite
	$(BIN)/crmo-seg evaluate $(DEMO)/study/manifest_dicom.csv $(DEMO)/prediction -o $(DEMO)/evaluation
	@echo "report:  $$(ls $(DEMO)/prediction/*/report.html)"
	@echo "picture: $$(ls $(DEMO)/evaluation/figures/case_*.png), what was marked beside the truth"
	@$(call show,$$(ls $(DEMO)/prediction/*/report.html))
	@$(call show,$$(ls $(DEMO)/evaluation/figures/case_*.png))

# A child that no training and no exam has seen; docs/default_model.md names the seeds of the default model's training.
$(DEMO)/study/manifest.csv: | $(VENV)/package
	$(BIN)/crmo-seg phantom $(DEMO)/study --patients 1 --dicom --seed 1

# Opens a file where there is a screen; says nothing where there is none.
show = { case "$$(uname)" in Darwin) open $(1);; *) [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] || xdg-open $(1);; esac; } >/dev/null 2>&1 || true

test: setup  ## the tests that CI runs: unit, integration, notebooks, one smoke training (minutes)
	$(BIN)/python -m pytest -m "not slow" $(PARALLEL)

test-all: setup  ## everything, the slow tests too (up to an hour)
	$(BIN)/python -m pytest $(PARALLEL)

check: setup  ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pictures: setup  ## draw the pictures of docs/phantom.md
	$(BIN)/python docs/make_pictures.py

bench: setup  ## print the numbers of benchmarks/ that need nothing else; the others tell in their first lines what they take
	for name in startup phantom augmentation window_speed inference_memory; do $(BIN)/python benchmarks/$$name.py; done

clean:  ## remove the environment, outputs and caches
	rm -rf $(VENV) outputs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
