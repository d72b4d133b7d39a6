# Needs make and Python 3.11 or newer with its venv module; everything else is fetched into .venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
# The first of these that runs and is new enough; `make run PYTHON=/some/python3` decides otherwise.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python /usr/bin/python3)

# uv never fetches an interpreter, and compiles what it installs: without the .pyc every start costs two seconds more.
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1

COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# Every test runs on every processor, four at most, because each has a PostgreSQL of its own; what ARGS picks out starts
# sooner in one process.
SPREAD := -n auto --maxprocesses 4 --dist worksteal

.PHONY: help run chat test lint format bench setup lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

run: $(VENV)/runtime.stamp ## start the bot: a page with two phones on http://127.0.0.1:8080
	@exec $(PY) -m bot run

chat: $(VENV)/runtime.stamp ## hold the same conversation in this terminal
	@exec $(PY) -m bot chat

test: $(VENV)/dev.stamp ## run every test (PostgreSQL included); ARGS="-k photo" passes words on to pytest
	@$(PY) -m pytest $(or $(ARGS),$(SPREAD))

lint: $(VENV)/dev.stamp ## check style, types, the order of imports and the locks
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@if grep -nE 'https?://' requirements/*.lock; then echo "A lock names a host: make it again with 'make lock'." >&2; exit 1; fi

format: $(VENV)/dev.stamp ## write the code the way the checks want it
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

bench: $(VENV)/dev.stamp ## measure against named peers in the same run
	@$(PY) -m benchmarks $(ARGS)

setup: $(VENV)/dev.stamp ## install everything that the tests and the checks need

lock: $(VENV)/bootstrap.stamp ## write the locks again from requirements/*.in
	@cd requirements && for name in bootstrap runtime dev; do ../$(COMPILE) $(ARGS) $$name.in -o $$name.lock >/dev/null || exit 1; done

clean: ## remove .venv and the caches; data/ stays
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bootstrap.stamp: requirements/bootstrap.lock
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$("$$python" --version) ($$python)"; \
	    "$$python" -m venv $(VENV) || exit 1; found=yes; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer with its venv module is needed (on Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	  || echo "uv could not be installed; pip does the rest, more slowly." >&2
	@touch $@

$(VENV)/runtime.stamp: requirements/runtime.lock $(VENV)/bootstrap.stamp
	$(call install,$<)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/bootstrap.stamp
	$(call install,$<)
	@touch $@ $(VENV)/runtime.stamp

# Adds and upgrades, never removes: the runtime and the tests share one .venv.
define install
	@echo "Installing $(1)"
	@{ test -x $(VENV)/bin/uv && $(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r $(1); } \
	  || $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
endef
