# `make` alone lists the targets. `demo`, `test` and `check` need only Python 3.11 or newer; `live` and
# `live-smoke` also need npm.

# The real programs, each at the newest version with which the live tests passed; Pi and Claude Code
# need a newer Node than many machines have.
PROGRAMS := @anthropic-ai/claude-code@2.1.332 @openai/codex@0.171.0 \
	@earendil-works/pi-coding-agent@0.87.1 node@22.23.3 @google/gemini-cli@0.61.0
# Inspects our MCP server; large, so `live-smoke` does not use it. pyright brings the Node that it needs.
INSPECTOR := @modelcontextprotocol/inspector@2.12.0
# Looks for what people with disabilities cannot use, in the tests of the pages.
AXE := axe-core@4.14.1
empty :=

ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base
DEV := $(VENV)/.dev
NPM := .npm
# Vendors' packages that are large or cannot share one environment.
EXTRAS := .models-venv/all
OPENAI2 := .models-venv/openai-2
# Other tools that `bench` measures beside ours, apart from what we need ourselves.
BENCH_VENV := .bench-venv
PEERS := $(BENCH_VENV)/.installed
LIVE := $(NPM)/$(subst $(empty) $(empty),+,$(subst /,_,$(PROGRAMS))).installed
# Antigravity's SDK comes from PyPI with a program of 130 MB, so it has a separate environment.
SDK := google-antigravity==0.1.22
SDK_VENV := .sdk-venv
WITH_SDK := ANTIGRAVITY_PYTHON="$(CURDIR)/$(SDK_VENV)/bin/python"
SDK_INSTALLED := $(SDK_VENV)/.$(SDK)
# Builds the pages of docs/ as a site, in an environment apart.
SITE := mkdocs-material==9.8.2
SITE_VENV := .site-venv
SITE_INSTALLED := $(SITE_VENV)/.$(SITE)
AXE_INSTALLED := $(NPM)/$(AXE).installed
INSPECTED := $(NPM)/$(subst /,_,$(INSPECTOR)).installed
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PYTEST = $(BIN)/python -m pytest
# Arguments for pytest (`make test ARGS="-k resume -x"`) or for the bench (`make bench ARGS=load`).
ARGS ?=
# Tests of each layer that take seconds, for `newest-smoke`.
SMOKE := tests/store tests/harness/test_demo.py tests/cli/test_typed_outputs.py tests/mcp_server/test_bad_input.py
# How much `make trust` does at least, and from which seed.
TRUST_SEED ?= 1
TRUST_BOUNDARIES ?= 500
TRUST_EDITS ?= 500
TRUST_HOT_EDITS ?= 500
TRUST_DISK_FAULTS ?= 500
TRUST_KILLS ?= 500
TRUST_RACES ?= 100
TRUST_SCHEDULES ?= 10000
TRUST_STREAMS ?= 2000
TRUST_EXAMPLES ?= 300

# The tests start a thousand Pythons, so compiled files are kept even if the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test long wheel-test newest-smoke check format live live-smoke browser browser-smoke pictures models models-smoke drift trust bench docs site clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: $(BASE) ## run a three-task workflow on recorded sessions, kill it and resume it
	$(BIN)/smithers demo

# Half of a test is waiting for processes that it started, so two cores keep up with three.
test: $(DEV) ## the tests, in three processes
	$(PYTEST) -n 3 --dist worksteal $(ARGS)

long: $(DEV) ## the tests that are too long for `test`, also in three processes
	$(PYTEST) -n 3 --dist worksteal -m 'long and not browser and not live and not trust' $(ARGS)

wheel-test: $(DEV) ## the tests of `test` and `long`, on the wheel, without the checkout
	bash .ci/wheel-test $(BIN)/python -m 'not browser and not live and not trust' $(ARGS)

newest-smoke: $(DEV) ## quick tests of the wheel, on the newest Python that is here or can be installed
	@python=$$(bash .ci/newest-python $(BIN)/python); found=$$?; \
	if [ $$found = 0 ]; then bash .ci/wheel-test "$$python" $(SMOKE); else [ $$found = 3 ]; fi

check: $(DEV) ## ruff, mypy, pyright, the layers, and that mypy names what a new kind needs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --project pyproject.toml --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -m trust tests/engine/test_probe.py

format: $(DEV) ## format, and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

live: $(DEV) $(LIVE) $(SDK_INSTALLED) $(INSPECTED) ## test the real programs on the scripted model server
	PATH="$(CURDIR)/$(NPM)/node_modules/.bin:$$PATH" $(WITH_SDK) SMITHERS_LIVE_REQUIRED=1 $(PYTEST) -m live $(ARGS)

live-smoke: $(DEV) $(LIVE) $(SDK_INSTALLED) ## only the quickest live tests
	PATH="$(CURDIR)/$(NPM)/node_modules/.bin:$$PATH" $(WITH_SDK) SMITHERS_LIVE_REQUIRED=1 $(PYTEST) -m live -k smoke $(ARGS)

browser: $(DEV) $(AXE_INSTALLED) ## test the pages in Debian's chromium
	SMITHERS_BROWSER_REQUIRED=1 $(PYTEST) -m browser tests/inspector $(ARGS)

browser-smoke: $(DEV) $(AXE_INSTALLED) ## only how a person starts, follows and decides
	SMITHERS_BROWSER_REQUIRED=1 $(PYTEST) -m browser tests/inspector/test_live.py $(ARGS)

pictures: $(DEV) ## take the pictures of the docs, from real runs
	PYTHONPATH=. $(BIN)/python docs/pictures.py

models: $(EXTRAS)/.installed models-smoke ## test model adapters with all extras in one environment, and models-smoke
	SMITHERS_MODELS_REQUIRED=anthropic,google,litellm,openai \
		$(EXTRAS)/bin/python -m pytest -m 'not browser and not live and not trust' tests/models tests/contract $(ARGS)

# `test` has openai 3.x; the adapter serves both majors.
models-smoke: $(OPENAI2)/.installed $(DEV) ## whether all extras resolve together, and OpenAI's adapter with openai 2.x
	$(PIP_INSTALL) --dry-run --editable '.[dev,all]'
	SMITHERS_MODELS_REQUIRED=openai $(OPENAI2)/bin/python -m pytest tests/models tests/contract \
		-k "openai and not litellm and not pi-by" $(ARGS)

drift: $(DEV) $(LIVE) $(SDK_INSTALLED) ## compare the output of the real programs with the recordings
	PATH="$(CURDIR)/$(NPM)/node_modules/.bin:$$PATH" $(WITH_SDK) $(BIN)/smithers harness drift $(ARGS)

trust: export TRUST_SEED := $(TRUST_SEED)
trust: export TRUST_BOUNDARIES := $(TRUST_BOUNDARIES)
trust: export TRUST_EDITS := $(TRUST_EDITS)
trust: export TRUST_HOT_EDITS := $(TRUST_HOT_EDITS)
trust: export TRUST_DISK_FAULTS := $(TRUST_DISK_FAULTS)
trust: export TRUST_KILLS := $(TRUST_KILLS)
trust: export TRUST_RACES := $(TRUST_RACES)
trust: export TRUST_SCHEDULES := $(TRUST_SCHEDULES)
trust: export TRUST_STREAMS := $(TRUST_STREAMS)
trust: $(DEV) ## long tests: crashes, edits, races, damaged streams, simulated schedules, properties
	SMITHERS_TRUST_REQUIRED=1 $(PYTEST) -s -m trust --ignore tests/properties tests $(ARGS)
	SMITHERS_EXAMPLES=$(TRUST_EXAMPLES) $(PYTEST) -m 'not browser and not live' --hypothesis-seed=$(TRUST_SEED) \
		tests/properties $(ARGS) || [ $$? = 5 ] # ARGS may select none of them

bench: $(DEV) $(PEERS) ## measure the cost of a step, and compare it with its limits and other tools
	$(BIN)/python -m bench $(ARGS)

docs: $(BASE) ## update the generated parts of the docs
	PYTHONPATH=. $(BIN)/python docs/failures.py
	PYTHONPATH=. $(BIN)/python docs/prompts.py
	PYTHONPATH=. $(BIN)/python docs/patterns.py
	PYTHONPATH=. $(BIN)/python docs/copies.py
	PYTHONPATH=. $(BIN)/python docs/manual.py

site: $(BASE) $(SITE_INSTALLED) ## build the docs as a site in build/site; a link that leads nowhere is an error
	PYTHONPATH=. $(BIN)/python docs/reference.py
	NO_MKDOCS_2_WARNING=1 $(SITE_VENV)/bin/mkdocs build --strict

clean: ## remove what the targets above made
	rm -rf $(VENV) $(BENCH_VENV) .newest-python $(SDK_VENV) $(SITE_VENV) .models-venv $(NPM) build dist docs/reference .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found; name one with make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: packages are installed once, and again only after a version or a dependency has changed.
$(BASE): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP_INSTALL) --editable .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $(BASE) $@

$(PEERS): bench/requirements-peers.txt | $(BIN)/python
	$(BIN)/python -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(EXTRAS)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m venv $(EXTRAS)
	$(EXTRAS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--editable '.[dev,all]'
	@touch $@

$(OPENAI2)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m venv $(OPENAI2)
	grep -v '^openai==' constraints.txt > $(OPENAI2)/constraints.txt
	$(OPENAI2)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(OPENAI2)/constraints.txt --editable . 'openai>=2.20,<3' anyio pytest pytest-timeout
	@touch $@

$(LIVE): Makefile
	@command -v npm >/dev/null || { echo "npm is needed for the live tests" >&2; exit 1; }
	npm install --no-audit --no-fund --prefix $(NPM) $(PROGRAMS)
	@touch $@

$(SDK_INSTALLED): Makefile | $(BIN)/python
	$(BIN)/python -m venv $(SDK_VENV)
	$(SDK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check '$(SDK)'
	@touch $@

$(SITE_INSTALLED): Makefile | $(BIN)/python
	$(BIN)/python -m venv $(SITE_VENV)
	$(SITE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check '$(SITE)'
	@touch $@

$(AXE_INSTALLED): Makefile
	@command -v npm >/dev/null || { echo "npm is needed for the tests of the pages" >&2; exit 1; }
	npm install --no-audit --no-fund --ignore-scripts --prefix $(NPM) $(AXE)
	@touch $@

$(INSPECTED): Makefile | $(LIVE)
	npm install --no-audit --no-fund --ignore-scripts --prefix $(NPM) $(INSPECTOR)
	@touch $@
