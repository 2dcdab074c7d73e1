# Everything one does with pifd. Each target sets up what it needs, on a Debian with git, make and python3.

PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
UNITDIR ?= /usr/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d

# WITH=newest, distribution, qemu or here chooses the kernel of the demo and of the tests that need one.
WITH ?=
IN_KERNEL := netns-tests/in-kernel $(WITH:%=--with=%)
PREPARE := netns-tests/guest/prepare
NODE_CLIENTS := tests/clients/node/node_modules/.stamp
PIP := pip --disable-pip-version-check --quiet
HOME_OF_PIFD := $(DESTDIR)$(PREFIX)/lib/pifd

# Python starts a few hundred times in the tests: slowly, if it may not keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help fmt check unit unit-planner unit-rest unit-scenarios netns netns-prepared netns-scenarios netns-faults netns-rest netns-sample test clean-room fuzz demo bench docs lock install install-xe uninstall clean

# What a machine lacks is said in one sentence: make has nothing to add, and in question mode ends with
# status 1 at the first recipe, without a word.
NEEDS_PYTHON := fmt check fuzz docs lock install
NEEDS_ROOT := unit unit-% netns netns-% test demo bench clean-room
ifeq ($(MAKELEVEL),0)
NEEDED := $(if $(filter $(NEEDS_PYTHON) $(NEEDS_ROOT),$(MAKECMDGOALS)),python) \
	$(if $(filter $(NEEDS_ROOT),$(MAKECMDGOALS)),root) $(if $(filter clean-room,$(MAKECMDGOALS)),git)
ifneq ($(shell PYTHON=$(PYTHON) netns-tests/guest/able $(NEEDED) || echo no),)
MAKEFLAGS += --question
endif
endif

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

fmt: .venv/.stamp ## format the code
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

check: .venv/.stamp ## format, lint, types and who imports whom
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

unit: .venv/.stamp ## the tests that need no kernel, but for the ones of in-kernel itself
	$(PREPARE) kernel $(WITH)
	@# completion is tried in the shells themselves, and pools on a real etcd
	$(PREPARE) shells
	$(PREPARE) pool
	$(MAKE) --no-print-directory $(NODE_CLIENTS)
ifeq ($(ARGS),)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit-planner unit-rest unit-scenarios
else
	.venv/bin/python -m pytest tests $(ARGS)
endif

# The planner's properties and the scenarios take as long as all the rest.
PLANNER := tests/interface_reconfigure/test_planner_properties.py tests/interface_reconfigure/test_planner_mutations.py

# A guest waits for most of its time, for carrier, for answers, for the end of a ping: so all of them run side by
# side, and what takes longest and needs no kernel takes what they leave.
AT_LEISURE := nice -n 15

unit-planner:
	$(AT_LEISURE) .venv/bin/python -m pytest $(PLANNER)

unit-scenarios:
	$(AT_LEISURE) .venv/bin/python -m pytest tests/scenarios

unit-rest: $(NODE_CLIENTS)
	.venv/bin/python -m pytest tests $(patsubst %,--ignore=%,$(PLANNER) tests/scenarios)

# All of them run on the newest kernel that can be had, and a sample on the distribution's. In qemu, where every
# step takes ten times as long, the sample alone. The end says on which kernels what ran.
NETNS := $(if $(filter qemu,$(WITH)),netns-sample,netns-rest netns-scenarios netns-faults netns-sample)
NOTES := .pytest_cache/tiers
WHOLE := $(or $(WITH),newest)
SAMPLE_WITH := $(or $(WITH),distribution)

netns: netns-prepared ## the tests on a real kernel with bonding, this one's or a guest's
	$(MAKE) --no-print-directory --jobs=4 --output-sync=target $(NETNS)
	@.venv/bin/python netns-tests/runner/tiers.py $(NOTES) $(NETNS)

netns-prepared: .venv/.stamp
	$(PREPARE) kernel $(WHOLE)
	$(PREPARE) pool
	$(if $(filter-out $(WHOLE),$(SAMPLE_WITH)),$(PREPARE) kernel $(SAMPLE_WITH))
	@mkdir -p $(dir $(NOTES)) && rm -f $(NOTES)

# A guest each.
TESTS_OF = $(foreach name,$(1),$(wildcard netns-tests/*/test_$(name).py))
SCENARIOS := $(call TESTS_OF,scenarios tunnels cabling bond hotplug start)
FAULTS := $(call TESTS_OF,faults pif)

SAMPLE := $(call TESTS_OF,bond features scenarios faults) $(addprefix --sample test_, \
	$(if $(filter qemu,$(WITH)),bond=4 features=2,bond=6) scenarios=4 faults=1)

TEST_WITH = NETNS_TIER=$@=$(NOTES) netns-tests/in-kernel --with=$(1) --timeout 3600 \
	.venv/bin/python -m pytest -p runner.nothing_skipped

netns-scenarios:
	$(call TEST_WITH,$(WHOLE)) $(SCENARIOS) $(ARGS)

netns-faults:
	$(call TEST_WITH,$(WHOLE)) $(FAULTS) $(ARGS)

netns-rest:
	$(call TEST_WITH,$(WHOLE)) netns-tests $(patsubst %,--ignore=%,$(SCENARIOS) $(FAULTS)) $(ARGS)

netns-sample:
	$(call TEST_WITH,$(SAMPLE_WITH)) $(SAMPLE) $(ARGS)

test: netns-prepared ## all of the above: what CI runs
	$(PREPARE) shells
	$(MAKE) --no-print-directory --jobs=8 --output-sync=target check $(NETNS) unit-rest unit-planner unit-scenarios
	@.venv/bin/python netns-tests/runner/tiers.py $(NOTES) $(NETNS)

# A failure prints the input and its number; another SEED draws other inputs, FIRST begins at a later one.
INPUTS ?= 150000

fuzz: .venv/.stamp ## 150,000 inputs to the socket, or INPUTS; SEED=… repeats a run
	.venv/bin/python -m tests.fuzz $(INPUTS) $(SEED) $(FIRST)

demo: .venv/.stamp ## a tour on a real kernel
	$(PREPARE) kernel $(WITH)
	$(IN_KERNEL) .venv/bin/python netns-tests/demo.py

clean-room: ## make demo and make test in a clean root of DISTRIBUTION=bookworm or trixie: before a release
	$(PREPARE) clean_room
	netns-tests/clean-room $(DISTRIBUTION) $(TARGETS)

bench: .venv/.stamp ## how fast it is
	$(PREPARE) kernel $(WITH)
	$(PREPARE) pool
	benchmarks/run

docs: .venv/.stamp ## make docs/api.md, docs/bond-options.md and docs/behaviour.md anew
	.venv/bin/python -m tests.docs.api_page >docs/api.md
	.venv/bin/python -m tests.docs.bond_options_page >docs/bond-options.md
	.venv/bin/python -m tests.docs.behaviour >docs/behaviour.md

lock: ## pin the dependencies anew, to today's versions
	$(PREPARE) python
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/$(PIP) install pip-tools
	$(call PIP_COMPILE,requirements.lock,--extra dev)
	$(call PIP_COMPILE,requirements-runtime.lock,--constraint requirements.lock)
	$(call PIP_COMPILE,requirements-pool.lock,--extra pool --constraint requirements.lock)
	$(call PIP_COMPILE,requirements-clients.lock,--extra clients --constraint requirements.lock)

PIP_COMPILE = .venv/lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	$(2) --output-file $(1) pyproject.toml

# Where the shells look by themselves, for a PREFIX of /usr or /usr/local.
BASH_COMPLETION := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pifctl
ZSH_COMPLETION := $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_pifctl
FISH_COMPLETION := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/pifctl.fish

# The new version is built beside the old one and takes its place in one moment: an upgrade that fails on the way
# leaves the old one as it is.  lib/pifd is a link to the version that is installed.
install: ## into PREFIX (/usr/local), below DESTDIR; with a systemd unit; POOL=1: with what a pool needs
	$(PREPARE) python
	@set -e; umask 022; new=$(HOME_OF_PIFD)-$$(date +%Y%m%d%H%M%S%N); trap '[ $$? = 0 ] || rm -rf $$new' EXIT; \
	$(PYTHON) -m venv $$new; \
	$$new/bin/$(PIP) install --require-hashes -r requirements-$(if $(POOL),pool,runtime).lock; \
	$$new/bin/$(PIP) install --no-deps .; \
	install -d $(dir $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)); \
	for shell in bash zsh fish; do $$new/bin/python -P -m agent.cli completion $$shell >$$new/$$shell; done; \
	[ -z "$(DESTDIR)" ] || grep -rlIF '$(DESTDIR)' $$new/bin $$new/pyvenv.cfg | xargs sed -i 's|$(DESTDIR)||g'; \
	[ -L $(HOME_OF_PIFD) ] || [ ! -e $(HOME_OF_PIFD) ] || mv $(HOME_OF_PIFD) $(HOME_OF_PIFD)-0; \
	ln -s $${new##*/} $$new/link; mv -T $$new/link $(HOME_OF_PIFD); \
	for old in $(HOME_OF_PIFD)-[0-9]*; do [ $$old = $$new ] || rm -rf $$old; done
	@umask 022; install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	install -m 644 $(HOME_OF_PIFD)/bash $(BASH_COMPLETION)
	install -m 644 $(HOME_OF_PIFD)/zsh $(ZSH_COMPLETION)
	install -m 644 $(HOME_OF_PIFD)/fish $(FISH_COMPLETION)
	ln -sfn ../lib/pifd/bin/pifd $(DESTDIR)$(PREFIX)/sbin/pifd
	ln -sfn ../lib/pifd/bin/pifctl $(DESTDIR)$(PREFIX)/bin/pifctl
	@umask 022; sed 's|/usr/local/|$(PREFIX)/|' systemd/pifd.service >$(HOME_OF_PIFD)/pifd.service
	install -m 644 $(HOME_OF_PIFD)/pifd.service $(DESTDIR)$(UNITDIR)/pifd.service
	install -m 644 systemd/pifd.sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/pifd.conf
	@echo 'The group pifd is made at the next boot, or now by: systemd-sysusers $(SYSUSERSDIR)/pifd.conf'

uninstall: ## what install has put there; the store, the audit log and the network stay
	rm -rf $(HOME_OF_PIFD) $(HOME_OF_PIFD)-[0-9]*
	rm -f $(DESTDIR)$(PREFIX)/sbin/pifd $(DESTDIR)$(PREFIX)/bin/pifctl $(DESTDIR)$(UNITDIR)/pifd.service
	rm -f $(DESTDIR)$(SYSUSERSDIR)/pifd.conf
	@for file in $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION); do \
		rm -f $$file "$$(echo $$file | sed 's/\(.*\)pifctl/\1xe/')"; done
	@if [ "$$(readlink $(XE))" = ../lib/pifd/bin/pifctl ]; then rm -f $(XE); fi

XE := $(DESTDIR)$(PREFIX)/bin/xe

# Two programs of the name xe on one host would be mistaken for each other, whichever PATH finds first.
install-xe: ## pifctl by the name xe, too, after install; never in the place of another xe
	@if [ -e $(XE) -o -L $(XE) ] && [ "$$(readlink $(XE))" != ../lib/pifd/bin/pifctl ]; then \
		echo '$(XE) is there already, and is not pifctl' >&2; exit 1; fi
ifeq ($(DESTDIR),)
	@other=$$(command -v xe) && [ "$$other" != $(XE) ] || exit 0; \
		echo "there is another xe already: $$other" >&2; exit 1
endif
	@umask 022; install -d $(DESTDIR)$(PREFIX)/bin
	ln -sfn ../lib/pifd/bin/pifctl $(XE)
	@umask 022; for file in $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION); do \
		[ ! -e $$file ] || sed 's/pifctl/xe/g' $$file >"$$(echo $$file | sed 's/\(.*\)pifctl/\1xe/')"; done

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# Clients from the npm registry; node itself comes from PyPI, so that any Debian has the same one.
$(NODE_CLIENTS): .venv/.stamp requirements-clients.lock tests/clients/node/package-lock.json
	.venv/bin/$(PIP) install --require-hashes -r requirements-clients.lock
	PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --loglevel=error --prefix tests/clients/node
	touch $@

.venv/.stamp: requirements.lock pyproject.toml
	$(PREPARE) python
	$(PYTHON) -m venv .venv
	.venv/bin/$(PIP) install --compile --require-hashes -r requirements.lock
	.venv/bin/$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@
