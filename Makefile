# Worked-solution sheets: `make pdf`. Everything that is missing is set up on the way (derive/setup.sh).

SPEC   ?=
OUTPUT ?= output
VENV   ?= .venv
PYTHON ?=

# What is given reaches the commands below through their environment, so that neither make nor the shell reads anything into it.
unexport SPEC OUTPUT VENV PYTHON
export DERIVE_SPEC   = $(value SPEC)
export DERIVE_OUTPUT = $(value OUTPUT)
export DERIVE_VENV   = $(value VENV)
export DERIVE_PYTHON = $(value PYTHON)

SETUP := sh derive/setup.sh
RUN   := "$$DERIVE_VENV/bin/python"

.PHONY: pdf test bench setup clean help
.DEFAULT_GOAL := pdf
.SUFFIXES:

# Which sheets are up to date `derive` itself knows.
pdf:
	@$(SETUP) environment tex
	@$(RUN) -m derive pdf --update --specs="$$DERIVE_SPEC" --output="$$DERIVE_OUTPUT" \
	|| { code=$$?; case $$code in 3|4) $(RUN) -m derive doctor --output="$$DERIVE_OUTPUT";; esac; exit $$code; }

test:
	@$(SETUP) environment tools tex test-tex
	$(RUN) -m ruff check derive tests
	$(RUN) -m mypy
	$(RUN) -m pytest -q

bench:
	@$(SETUP) environment tools tex
	$(RUN) tests/bench.py

setup:
	@$(SETUP) environment

clean:
	rm -f -- "$$DERIVE_OUTPUT"/*.pdf "$$DERIVE_OUTPUT"/*.tex "$$DERIVE_OUTPUT"/*.sty "$$DERIVE_OUTPUT"/*.log
	rm -rf dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find derive tests -name __pycache__ -prune -exec rm -rf {} +

help:
	@echo "make pdf                       build every example into output/"
	@echo "make pdf SPEC=my-network.yaml  build your own"
	@echo "make setup                     only the Python environment"
	@echo "make test                      lint, types and tests"
	@echo "make bench                     measure, against depth and against others"
	@echo "make clean                     remove what was built (the environment stays)"
	@echo ""
	@echo "SPEC=...    a file, an example's name, or several of them; a name with spaces among several in quotes"
	@echo "OUTPUT=...  the folder for the sheets; else output"
	@echo "PYTHON=...  the Python to use, 3.11 or later; else the first that is found"
	@echo "VENV=...    where its environment is to be; else .venv"
