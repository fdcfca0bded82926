# Needs Python 3.11 or later with pip, and nothing else; see deploy/local/setup.sh.
.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/.ready
BENCH_READY := .venv/.ready-bench
ARGS ?=

$(READY): pyproject.toml uv.lock deploy/local/setup.sh
	@PYTHON="$(PYTHON)" deploy/local/setup.sh
	@touch $@

.PHONY: help run test bench lint format clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS=... is passed on: make run ARGS='--data-dir /tmp/x', make test ARGS='-k recorder'."
	@echo "  PYTHON=/path/to/python3.12 chooses the Python."

# exec: a signal sent to make's shell reaches the stack itself.
run: $(READY) ## Start the embedded stack with the demo year; Ctrl-C stops it
	@exec $(BIN)/luodi up --demo $(ARGS)

# Three keep two cores busy, since many tests wait for servers. In the order of the folders: the few that take long come first.
test: lint ## Every check and every test, on three processes
	@exec $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

$(BENCH_READY): $(READY)
	@PYTHON="$(PYTHON)" deploy/local/setup.sh --group bench
	@touch $@

bench: $(BENCH_READY) ## The ledger's speed beside others that take in the same events; see docs/performance.md
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

lint: $(READY) ## Style, types, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Put the sources in order
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## Remove the environment and all caches; the data in .luodi stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
