# make run                 the bundled recipe, from raw text to released checkpoint
# make run RECIPE=NAME     another recipe; SET="KEY=VALUE …" changes values of its YAML; VARIANT=NAME one of its variants
# make ui                  the Dagster web UI on loopback, on the same store and run history
# make test                everything that is checked
# make bench               measurements, written to benchmarks/results/
# make fuzz INPUTS=N       random and mutated inputs through every reader and cleaning step

PYTHON ?= $(shell command -v python3.11 || command -v python3)
RECIPE ?= peoples_daily_ner
VARIANT ?= base
PORT ?= 3000
INPUTS ?= 1000000
SET ?=
BIN := .venv/bin

export GX_ANALYTICS_ENABLED := false
export HF_HUB_DISABLE_TELEMETRY := 1
# Where it is set, every process would compile again all that it imports: Great Expectations alone costs 13 seconds then, not 5.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run ui test lint types pytest bench fuzz environment clean

run: .venv/.installed
	$(BIN)/gristmill run $(RECIPE) --variant $(VARIANT) $(foreach s,$(SET),--set $(s))

ui: .venv/.installed
	$(BIN)/gristmill ui --port $(PORT)

# Types are checked beside the tests, which wait for servers now and then.
test: lint
	$(MAKE) --no-print-directory --jobs 2 types pytest

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed-dev
	$(BIN)/mypy

# Collecting once before compiles what each of three processes would compile for itself.
pytest: .venv/.installed-dev
	-@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --collect-only > /dev/null 2>&1
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/cleaning.py
	$(BIN)/python benchmarks/duplicates.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/gates.py
	$(BIN)/python benchmarks/augmentation.py
	$(if $(GRISTMILL_CONLL2003),$(BIN)/python benchmarks/training.py "$(GRISTMILL_CONLL2003)")
	$(if $(GRISTMILL_CONLL2003),$(BIN)/python benchmarks/methods.py "$(GRISTMILL_CONLL2003)")
	$(if $(GRISTMILL_CONLL2003),$(BIN)/python benchmarks/unlabelled.py "$(GRISTMILL_CONLL2003)")
	$(if $(GRISTMILL_CONLL2003),$(BIN)/python benchmarks/mitigation.py "$(GRISTMILL_CONLL2003)")

fuzz: .venv/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py --inputs $(INPUTS)

environment: .venv/.installed-dev

# The install is editable: Dagster imports lazily, and lazily imported modules must be found from any folder.
# Nothing is compiled ahead: that takes minutes for 28,000 files, of which few are ever imported.
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt torch==2.13.0 --editable

# The pip that comes with Python 3.11 takes nearly twice the processor time; where the index has no newer one it does as well.
$(BIN)/python:
	$(PYTHON) -m venv .venv
	-$@ -m pip install --quiet --constraint constraints.txt --upgrade pip

.venv/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) .
	touch $@

.venv/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[dev]'
	touch .venv/.installed $@

clean:
	rm -rf .venv store .dagster
