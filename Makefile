# Everything one does with pifd. Each target sets up what it needs, on a Debian with git, make and python3.

PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
UNITDIR ?= /usr/lib/systemd/system

IN_KERNEL := netns-tests/in-kernel
PREPARE := netns-tests/guest/prepare
PIP := pip --disable-pip-version-check --quiet
HOME_OF_PIFD := $(DESTDIR)$(PREFIX)/lib/pifd

# Python starts a few hundred times in the tests: slowly, if it may not keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help fmt check unit unit-planner unit-rest netns netns-scenarios netns-faults netns-rest test demo bench lock install clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

fmt: .venv/.stamp ## format the code
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

check: .venv/.stamp ## format, lint, types and who imports whom
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

unit: .venv/.stamp ## the tests that need no kernel, but for the ones of in-kernel itself
	$(PREPARE) kernel
ifeq ($(ARGS),)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit-planner unit-rest
else
	.venv/bin/python -m pytest tests $(ARGS)
endif

# The planner's properties take as long as all the rest.
PLANNER := tests/test_planner_properties.py tests/test_planner_mutations.py

unit-planner:
	.venv/bin/python -m pytest $(PLANNER)

unit-rest:
	.venv/bin/python -m pytest tests $(PLANNER:%=--ignore=%)

netns: .venv/.stamp ## the tests on a real kernel with bonding, this one or a guest's
	$(PREPARE) kernel
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target netns-scenarios netns-faults netns-rest

# Two guests side by side, because a guest has one processor, and a third when the first of them is done.
SCENARIOS := netns-tests/test_scenarios.py netns-tests/test_tunnels.py netns-tests/test_cabling.py
FAULTS := netns-tests/test_faults.py netns-tests/test_pif.py

netns-scenarios:
	$(IN_KERNEL) .venv/bin/python -m pytest -p nothing_skipped $(SCENARIOS) $(ARGS)

netns-faults:
	$(IN_KERNEL) .venv/bin/python -m pytest -p nothing_skipped $(FAULTS) $(ARGS)

netns-rest:
	$(IN_KERNEL) .venv/bin/python -m pytest -p nothing_skipped netns-tests \
		$(patsubst %,--ignore=%,$(SCENARIOS) $(FAULTS)) $(ARGS)

test: check unit netns ## all of the above: what CI runs

demo: .venv/.stamp ## a tour on a real kernel
	$(PREPARE) kernel
	$(IN_KERNEL) .venv/bin/python netns-tests/demo.py

bench: .venv/.stamp ## how fast it is
	$(PREPARE) kernel
	benchmarks/run

lock: ## pin the dependencies anew, to today's versions
	$(PREPARE) python
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/$(PIP) install pip-tools
	$(call PIP_COMPILE,requirements.lock,--extra dev)
	$(call PIP_COMPILE,requirements-runtime.lock,--constraint requirements.lock)

PIP_COMPILE = .venv/lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	$(2) --output-file $(1) pyproject.toml

install: ## into PREFIX (/usr/local), below DESTDIR; with a systemd unit
	$(PREPARE) python
	$(PYTHON) -m venv --clear $(HOME_OF_PIFD)
	$(HOME_OF_PIFD)/bin/$(PIP) install --require-hashes -r requirements-runtime.lock
	$(HOME_OF_PIFD)/bin/$(PIP) install --no-deps .
ifneq ($(DESTDIR),)
	@# what a venv says about its own place must hold after the move
	grep -rlIF '$(DESTDIR)' $(HOME_OF_PIFD)/bin $(HOME_OF_PIFD)/pyvenv.cfg | xargs sed -i 's|$(DESTDIR)||g'
endif
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(UNITDIR)
	ln -sfn ../lib/pifd/bin/pifd $(DESTDIR)$(PREFIX)/sbin/pifd
	ln -sfn ../lib/pifd/bin/pifctl $(DESTDIR)$(PREFIX)/bin/pifctl
	sed 's|/usr/local/|$(PREFIX)/|' systemd/pifd.service >$(DESTDIR)$(UNITDIR)/pifd.service

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.stamp: requirements.lock pyproject.toml
	$(PREPARE) python
	$(PYTHON) -m venv .venv
	.venv/bin/$(PIP) install --compile --require-hashes -r requirements.lock
	.venv/bin/$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@
