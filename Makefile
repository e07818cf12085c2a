# Two commands: `make demo` and `make test`. Each sets itself up.
SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: help setup demo demo-down test storm lint format lock bench bench-runs bundle bundle-test clean
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements/dev.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh
	@touch $(STAMP)

setup: $(STAMP) ## Virtual environment and locked packages

demo: $(STAMP) ## A small hospital on loopback, its morning round, and the report
	@sh scripts/system_packages.sh demo
	@$(BIN)/wardround demo run

demo-down: $(STAMP) ## End the small hospital and remove it
	@$(BIN)/wardround demo down

test: $(STAMP) ## Lint, types, architecture and every test
	@sh scripts/system_packages.sh test
	@sh scripts/check.sh

storm: $(STAMP) ## Break what can break at random for about an hour, and count what came of it
	@sh scripts/system_packages.sh test
	@sh scripts/storm.sh

lint: $(STAMP) ## Lint, types and architecture alone
	@sh scripts/check.sh --static

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: $(STAMP) ## Make the lock files anew from pyproject.toml
	@sh scripts/lock.sh

bench: $(STAMP) ## Us and the peers side by side (takes minutes)
	@sh scripts/system_packages.sh test
	@sh scripts/bench.sh

bench-runs: $(STAMP) ## Runs beside ansible, pyinfra and fabric (takes minutes)
	@sh scripts/system_packages.sh test
	@sh scripts/bench.sh --runs-of-tasks

bundle: $(STAMP) ## All that an installation without internet needs, in one file
	@sh scripts/bundle.sh

bundle-test: bundle ## Install the bundle where there is no network, and use it
	@sh scripts/bundle_test.sh

clean: ## Remove the virtual environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
