# The flow of the project as commands. `make help` lists them; README.md explains them.
.DEFAULT_GOAL := help
.PHONY: help data reports share check fetch test lint lab bench pictures portraits accept lock clean setup

# A conda environment made from environment.yml is used when it is active; otherwise .venv is made here.
conda_name := $(shell sed -n 's/^name: *//p' environment.yml)
ifeq ($(CONDA_DEFAULT_ENV),$(conda_name))
environment := $(CONDA_PREFIX)
else
environment := .venv
endif
python := $(environment)/bin/python
run := $(python) -m helpers.batch
# Taken from the environment, where make puts what was typed: no part of it becomes a command.
narrow = $(if $(value LANGUAGE),--language $$LANGUAGE) $(if $(value JOBS),--jobs "$$JOBS") \
  $(if $(value ENGINE),--engine "$$ENGINE") $(if $(filter 1,$(FORCE)),--force) $(if $(value SCHEDULER),--scheduler "$$SCHEDULER")

help:  ## list the targets, a line each
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1|/' | awk -F'|' '{printf "make %-9s %s\n", $$1, $$2}'

data: setup  ## clean the raw tables and join them to the boundaries (01_clean, 02_join alone)
	@$(run) --only data $(narrow)

# Also: ENGINE=kernel starts a kernel for each page, SCHEDULER=tcp://host:8786 sends the pages to a Dask cluster.
reports: setup  ## make every page that something changed for; narrow with YEAR=2022 LANGUAGE=en PROVINCE="70,Trà Vinh", PDF=0 prints none, JOBS=1 limits processes, FORCE=1 makes all
	@$(run) $(if $(value YEAR),--year $$YEAR) $(if $(value PROVINCE),--province "$$PROVINCE") $(if $(filter 0,$(PDF)),--no-pdf) $(narrow)

share: setup  ## zip the reports into reports-<date>.zip, to be sent or carried; PNG=1 takes the PNG copies of figures along
	@$(python) -m helpers.sharing $(if $(filter 1,$(PNG)),--png)

check: setup  ## show what would be understood of a table, and what it would change: FILE=path [LANGUAGE=vi]
	@test -n "$$FILE" || { echo 'Name the table: make check FILE=path/to/table.xlsx' >&2; exit 2; }
	@$(python) -m helpers.preview "$$FILE" $(if $(value LANGUAGE),--language "$$LANGUAGE")

fetch: setup  ## download complete tables from Hugging Face: UPDATE=1 the newest, ACCEPT=1 accept licences, INDEX=par one
	@$(python) -m helpers.fetch $(if $(UPDATE),--update) $(if $(ACCEPT),--accept-licences) $(if $(value INDEX),--only "$$INDEX")

test: setup  ## run every test: units, properties, notebooks, one whole year of reports
	@$(python) -m pytest

lint: setup  ## check style of code and notebooks, and that notebooks carry no outputs
	@$(python) -m ruff check . && $(python) -m ruff format --check . && $(python) -m pytest tests/test_notebooks.py -k committed

# A table that is dropped into the notebook travels as one message: by default one above 10 MB ends the connection.
lab: data  ## open JupyterLab on notebooks/explore.ipynb: choose, look, compare a table of your own
	@$(python) -m jupyterlab --ServerApp.tornado_settings="{'websocket_max_message_size': 33554432}" notebooks/explore.ipynb

bench: data  ## measure reading, statistics, maps, briefings, pages; and the batch against other ways, into docs/performance.md (an hour)
	@$(python) tests/bench_reading.py && $(python) tests/bench_statistics.py && $(python) tests/bench_maps.py && $(python) tests/bench_briefings.py && $(python) tests/bench_pages.py && $(python) tests/bench_batch.py

pictures: setup  ## draw anew what the tests of pictures compare with, after a wanted change of the look
	@$(python) tests/baselines.py

portraits: setup  ## photograph pages of reports/ for the README, into docs/
	@$(python) -m helpers.picturing

accept: setup  ## accept the raw tables as they are: rewrite expected row counts and checksums
	@$(python) -m helpers.indices accept

lock: setup  ## rebuild requirements.lock from pyproject.toml, with hashes
	@$(python) -m pip install --quiet uv==0.13.9
	@$(python) -m uv pip compile pyproject.toml --extra develop --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --upgrade --custom-compile-command "make lock" \
	  --quiet --output-file requirements.lock

clean:  ## remove everything that is computed: data/processed, reports
	@rm -rf data/processed reports

# The copy inside the environment says what is installed there: a touched file changes nothing.
setup:
	@if cat requirements.lock pyproject.toml | cmp -s - $(environment)/installed; then exit 0; fi; \
	if [ "$(environment)" = .venv ]; then \
	  for found in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	    $$found -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; found=; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "This project needs Python 3.11 or newer with venv; none was found. Install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; \
	  fi; \
	  echo "Setting up .venv with $$($$found --version); this takes about two minutes, once."; \
	  rm -rf .venv && $$found -m venv .venv || exit 1; \
	fi; \
	$(python) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	$(python) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	cat requirements.lock pyproject.toml > $(environment)/installed
