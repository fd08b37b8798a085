# Worked-solution sheets: `make pdf`. Everything that is missing is set up on the way; nothing is asked.

SPEC   ?=
OUTPUT ?= output
VENV   ?= .venv

BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Of what pyproject.toml asks for, exactly the versions of requirements.txt.
INSTALL := $(PIP) install --constraint requirements.txt --no-build-isolation --editable

# The distribution's TeX packages that the sheets need, and a file from each by which it is known to be there.
TEX_PACKAGES := texlive-latex-base texlive-latex-recommended texlive-pictures lmodern
TEX_FILES    := hyperref.sty booktabs.sty tikz.sty lmodern.sty

# What the tests need besides: they put sheets into other people's documents, under every engine. Never installed for a sheet.
TEST_TEX_PACKAGES := texlive-latex-extra texlive-science texlive-xetex texlive-luatex texlive-lang-german texlive-lang-french \
                     texlive-fonts-recommended
TEST_TEX_FILES    := exam.cls physics.sty ngermanb.ldf french.ldf unicode-math.sty latinmodern-math.otf luaotfload.sty

# The specs to build: SPEC (files, or names of examples), else every example.
EXAMPLES := $(wildcard derive/examples/*.yaml)
SPECS    := $(if $(SPEC),$(foreach s,$(SPEC),$(or $(wildcard $(s)),$(wildcard derive/examples/$(s).yaml),$(s))),$(EXAMPLES))
pdf_of    = $(OUTPUT)/$(basename $(notdir $(1))).pdf
PDFS     := $(foreach s,$(SPECS),$(call pdf_of,$(s)))

# What every sheet depends on, beside its own spec.
ENGINE := $(filter-out $(EXAMPLES),$(shell find derive templates -type f ! -name '*.pyc' ! -name '*.md'))

.PHONY: pdf test bench clean help FORCE
.DEFAULT_GOAL := pdf
.SUFFIXES:

# Each stale sheet adds its spec to STALE, and one run of `derive` then builds them all.
STALE :=
pdf: $(PDFS)
	@$(if $(STALE),$(BIN)/derive pdf --output $(OUTPUT) $(STALE),echo "$(OUTPUT)/ is up to date")

define sheet
$(call pdf_of,$(1)): $(or $(wildcard $(1)),FORCE) $(ENGINE) $(VENV)/.python | $(VENV)/.tex
	$$(eval STALE += $(1))
endef
$(foreach s,$(SPECS),$(eval $(call sheet,$(s))))

test: $(VENV)/.tools | $(VENV)/.tex $(VENV)/.test-tex $(VENV)/.poppler
	$(BIN)/ruff check derive tests
	$(BIN)/mypy
	$(BIN)/python -m pytest -q

bench: $(VENV)/.tools | $(VENV)/.tex
	$(BIN)/python tests/bench.py

clean:
	rm -f $(OUTPUT)/*.pdf $(OUTPUT)/*.tex $(OUTPUT)/*.sty $(OUTPUT)/*.log
	rm -rf dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find derive tests -name __pycache__ -prune -exec rm -rf {} +

help:
	@echo "make pdf                       build every example into $(OUTPUT)/"
	@echo "make pdf SPEC=my-network.yaml  build your own"
	@echo "make test                      lint, types and tests"
	@echo "make bench                     measure, against depth and against others"
	@echo "make clean                     remove what was built ($(VENV) stays)"

# Setting up. The files in $(VENV) that start with a dot say that a part is done.

# $(call apt,PACKAGES): install them, asking nothing, as root or through sudo; fails where that is not possible. Bounded, so that a
# machine with no network gets its message instead of waiting. Only a person at a terminal can be shown sudo's own prompt.
apt = ( command -v apt-get >/dev/null || exit 1; \
        if [ "$$(id -u)" = 0 ]; then as=; \
        elif sudo -n true 2>/dev/null; then as='sudo -n'; \
        elif command -v sudo >/dev/null && [ -t 0 ] && [ -z "$$CI" ]; then as=sudo; \
        else exit 1; fi; \
        echo "installing" $(1); \
        apt="$$as env DEBIAN_FRONTEND=noninteractive timeout 1800 apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120"; \
        apt="$$apt -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20"; \
        $$apt update </dev/null; \
        $$apt install -y --no-install-recommends $(1) </dev/null >/dev/null )

NEW_ENOUGH  := import sys; sys.exit(sys.version_info < (3, 11))
find_python  = for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
                 if $$p -c '$(NEW_ENOUGH)' 2>/dev/null; then echo $$p; break; fi; done

$(VENV)/.python: requirements.txt pyproject.toml
	@if ! $(BIN)/python -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null; then \
	   python=$$($(find_python)); \
	   for packages in "python3 python3-venv" "python3.11 python3.11-venv"; do \
	     test -n "$$python" || $(call apt,$$packages) || true; \
	     test -n "$$python" || python=$$($(find_python)); \
	   done; \
	   if [ -z "$$python" ]; then \
	     echo "derive needs Python 3.11 or later, and finds none: install it, or say where it is with make PYTHON=…" >&2; exit 1; fi; \
	   echo "setting up $(VENV)"; \
	   venv=$$($$python -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	   $$python -m venv --clear $(VENV) >/dev/null 2>&1 \
	   || { $(call apt,$$venv) && $$python -m venv --clear $(VENV); } \
	   || { echo "$$python cannot make a virtual environment; on Debian or Ubuntu: sudo apt-get install $$venv" >&2; exit 1; }; \
	 fi
	@$(PIP) install --constraint requirements.txt hatchling editables
	@$(INSTALL) .
	@touch $@

# What tests and measurements need besides, a cluster among it.
$(VENV)/.tools: $(VENV)/.python
	@$(INSTALL) '.[cluster,dev]'
	@touch $@

tex_is_there = { command -v pdflatex && kpsewhich $(TEX_FILES); } >/dev/null 2>&1

# Without TeX the build goes on: `derive pdf` writes the .tex, and says for each system how to install what is missing.
$(VENV)/.tex: | $(VENV)/.python
	@$(tex_is_there) || $(call apt,$(TEX_PACKAGES)) || true
	@if $(tex_is_there); then touch $@; else echo "TeX is not complete here, and cannot be installed from here" >&2; fi

test_tex_is_there = { command -v xelatex && command -v lualatex && kpsewhich $(TEST_TEX_FILES); } >/dev/null 2>&1

$(VENV)/.test-tex: | $(VENV)/.tex
	@$(test_tex_is_there) || $(call apt,$(TEST_TEX_PACKAGES)) || true
	@if $(test_tex_is_there); then touch $@; else echo "the tests need $(TEST_TEX_PACKAGES)" >&2; fi

$(VENV)/.poppler: | $(VENV)/.python
	@command -v pdftotext >/dev/null || $(call apt,poppler-utils) || true
	@if command -v pdftotext >/dev/null; then touch $@; else echo "the tests need pdftotext (poppler-utils)" >&2; fi
