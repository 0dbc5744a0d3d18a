# make book    the rendered book, _build/html/index.html   (EDITION=pocket | open | full, STRICT=1: warnings are errors)
# make test    the tests
# make bench   side-by-side speed and memory against the libraries a user would pick instead
# make fresh   clone this repository into an empty folder and do there what README says
# make lint    style of the code
PYTHON  ?= python3
EDITION ?= pocket
VENV    := .venv
READY   := $(VENV)/.installed
BIN     := $(VENV)/bin

.PHONY: book test bench fresh lint clean

book: $(READY)
	$(BIN)/alike book --edition $(EDITION) $(if $(STRICT),--strict)

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

bench: $(READY)
	$(BIN)/python -m benchmarks

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

fresh:
	rm -rf build/fresh && git clone --quiet . build/fresh
	cd build/fresh && $(MAKE) book && $(MAKE) test

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed: make PYTHON=python3.11' if sys.version_info < (3, 11) else 0)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:
	rm -rf _build book/chapters book/generated build
