# What can be done with Skein, at home and in CI alike. `make` lists it.

PYTHON ?= python3
ARGS ?=
UV := "$(PYTHON)" .ci/bootstrap.py
BIN := .venv/bin
SYNCED := .venv/.synced

# A file's tests run in one process, so that they share a server; in which order the files come, tests/conftest.py says.
# Two processes more than there are processors, for tests wait as well; they share one PostgreSQL.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 4 ? n + 2 : 6)))
TESTS := $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

# Every command of the bot, and the tests start many, would compile LangChain anew: 5 s instead of 2.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help play chat test test-http test-laws test-crash check bench-inbox bench-growth bench-streaming bench-hands bench-storm eval format lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  More words for a command go into ARGS: make test ARGS='-k thread'. Another Python: make PYTHON=python3.12 ..."

play: $(SYNCED) ## a Slack on this machine with the bot in it: opens no account, needs no key
	@$(BIN)/bot play $(ARGS)

chat: $(SYNCED) ## the same agent and memory in this terminal
	@$(BIN)/bot chat $(ARGS)

test: $(SYNCED) ## run the tests
	@$(TESTS) $(ARGS)

test-http: $(SYNCED) ## the stories once more, with Slack calling the bot over HTTP
	@SKEIN_WAY=http $(TESTS) -k stories $(ARGS)

test-laws: $(SYNCED) ## what holds of every text and every order of events, on ten times as many examples
	@LAWS=10 $(TESTS) -m "hypothesis or laws" --override-ini=faulthandler_timeout=600 $(ARGS)

test-crash: $(SYNCED) ## end a process at each of its operations, and look that nothing is lost
	@$(BIN)/pytest -m crash --capture=no --override-ini=faulthandler_timeout=180 $(ARGS)

# Without a cache: import-linter's forgets an import of a module that was not there yet when it first looked.
check: $(SYNCED) ## lint, format, types, import directions, lock file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/pyright --project .ci
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(UV) lock --check

# What only the benchmarks need is added to the environment when the first of them is run.
bench-inbox: $(SYNCED) ## how fast a message gets to its turn, beside procrastinate; two minutes
	@$(UV) run --locked --all-extras --group bench python -m tests.bench.inbox $(ARGS)

bench-growth: $(SYNCED) ## what a long conversation costs; five minutes
	@$(UV) run --locked --all-extras --group bench python -m tests.bench.growth $(ARGS)

bench-streaming: $(SYNCED) ## how fresh the text on screen is, beside the best that is possible; 40 minutes
	@$(UV) run --locked --all-extras --group bench python -m tests.bench.streaming $(ARGS)

bench-hands: $(SYNCED) ## how soon a stop, a change, a click takes effect; three minutes
	@$(UV) run --locked --all-extras --group bench python -m tests.bench.hands $(ARGS)

bench-storm: $(SYNCED) ## kill, cut and refuse everything for two minutes, then look whether anything was lost
	@$(UV) run --locked --all-extras --group bench python -m tests.bench.storm $(ARGS)

eval: $(SYNCED) ## does a model keep what only a model can keep? Asks the one in MODEL, which costs money
	@$(BIN)/python -m tests.eval $(ARGS)

format: $(SYNCED) ## mend what ruff can mend, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## upgrade every dependency in uv.lock
	@$(UV) lock --upgrade

clean: ## remove the environment, the tools and every cache
	@rm -rf .venv .tools .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov dist
	@find . -name __pycache__ -prune -exec rm -rf {} +

# The environment stands until one of these changes, so that the targets above start at once.
$(SYNCED): pyproject.toml uv.lock .ci/bootstrap.py
	@$(UV) sync --locked --all-extras
	@touch $@
