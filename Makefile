# make run, make test, make check, make bench: each does all its own set-up. Needs Python 3.11 or newer only.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench contracts lock clean

run: .venv/installed
	@exec $(BIN)/hub run --sample

# Two at a time, file by file, the long ones first: most tests wait for something.
test: .venv/installed
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# make bench NAME=path ARGS="--dossiers 20000"
bench: .venv/installed
	$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

# What is published in contracts/, after a change of the types or of the API.
contracts: .venv/installed
	$(BIN)/python -m contracts
	document=$$($(BIN)/hub openapi) && printf '%s\n' "$$document" > contracts/openapi.json

.venv/installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	touch $@

# Needs uv. Leave the registry's address out: whoever installs has their own.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
	    requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --constraints requirements.txt requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv
