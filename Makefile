# Every target sets up what it needs first; the second time that takes a moment.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/.tools/bin:$(PATH)

# Taken as it is: a dollar sign in a prompt is no variable of make's.
ifdef PROMPT
override PROMPT := $(value PROMPT)
export PROMPT
endif

# A .env file, if there is one, in the shell's own syntax; only for what runs the app.
WITH_ENV := set -a; if [ -f .env ]; then . ./.env; fi; set +a;

.PHONY: help setup demo dev start snapshot register db-init test check typecheck build lock

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

setup: ## the virtual environment, the dependencies, OpenCode
	@$(PYTHON) scripts/setup.py

demo: setup ## the whole thing on this machine, no account needed; PROMPT="…" for one turn without a browser
	@$(WITH_ENV) $(if $(findstring command,$(origin SANDBOX_PROVIDER)),SANDBOX_PROVIDER='$(SANDBOX_PROVIDER)') python -m scripts.playground.demo $(if $(PROMPT),--prompt "$$PROMPT")

dev: setup ## the app, restarted when a file changes
	@$(WITH_ENV) python -m app --reload

start: setup ## the app and the scheduler beside it
	@$(WITH_ENV) exec python -m scripts.start

snapshot: setup ## build what machines at Daytona are made from
	@$(WITH_ENV) python -m scripts.build_snapshot

register: setup ## tell Discord the commands
	@$(WITH_ENV) python -m scripts.register_commands

db-init: setup ## make the database, or bring it up to date
	@$(WITH_ENV) python -m app.store

test: setup ## all tests, with the real OpenCode
	python -m pytest -n 3 --dist loadfile

typecheck: setup ## mypy
	mypy

check: setup ## formatting, lint, types, and the direction of imports
	ruff format --check .
	ruff check .
	mypy
	lint-imports

build: setup ## sdist and wheel into dist/
	python -m build --no-isolation

lock: setup ## requirements/*.txt from pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url -q pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url -q pyproject.toml --group dev -o requirements/dev.txt
