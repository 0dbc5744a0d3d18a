# make book    the rendered book, _build/html/index.html   (EDITION=pocket | open | full, STRICT=1: warnings are errors)
# make test    the tests
# make mutants put faults into a copy of the project and see which of them the tests catch (some minutes)
# make commands  run every `alike run` that stands on a page, two at a time (about half an hour)
# make bench   side-by-side speed and memory against the libraries a user would pick instead (at most ten minutes)
# make bench-gpu  what a GPU is worth, on a machine that has one (under eight minutes)
# make fresh   clone this repository into an empty folder and do there what README says
# make recovery   simulate many studies and write data/recovery.csv (about half an hour; what is done is not repeated)
# make calibration   how often noise is called supported: data/calibration.csv and data/nulls.csv (some hours)
# make downstream  scores of models on tasks and their likeness to cortex: what data/downstream.csv lacks (half an hour)
# make lint    style of the code
PYTHON  ?= python3
EDITION ?= pocket
VENV    := .venv
READY   := $(VENV)/.installed
BIN     := $(VENV)/bin

.PHONY: book test mutants commands bench bench-gpu recovery calibration downstream fresh lint clean

book: $(READY)
	$(BIN)/alike book --edition $(EDITION) $(if $(STRICT),--strict)

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

mutants: $(READY)
	$(BIN)/python -m tests.mutants

commands: $(READY)
	$(BIN)/python -m tests.commands

bench: $(READY)
	$(BIN)/python -m benchmarks

bench-gpu: $(READY)
	$(BIN)/python -m benchmarks.gpu

EEG    = -p recording pocket-eeg
SOUNDS = -p recording pocket-sounds -p listeners "[1, 2, 4]" -p strengths "[0.05, 0.1, 0.2, 0.4, 1.0]"
STORY  = -p recording pocket-story -p listeners "[3, 6]" -p segments "[6, 12]" -p strengths "[0.1, 0.2, 0.4]"
BLOCKS = 1000 1020

recovery: $(READY)
	for first in $(BLOCKS); do \
	  $(BIN)/alike run studies -p first $$first -p studies 20 $(EEG) && \
	  $(BIN)/alike run studies -p first $$first -p studies 20 $(SOUNDS) && \
	  $(BIN)/alike run studies -p first $$first -p studies 20 $(STORY) || exit 1; \
	done
	$(BIN)/python -m lib.chapters.recovery.studies data/recovery.csv

NOISE = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20

calibration: $(READY)
	$(BIN)/python -m lib.chapters.measures.candidates
	for seed in $(NOISE); do for recording in song-ecog pocket-eeg; do \
	  $(BIN)/alike run eeg -p responses noise -p recording $$recording -p seed $$seed || exit 1; \
	done; done
	$(BIN)/python -m lib.chapters.eeg.calibration --runs song-ecog pocket-eeg
	$(BIN)/python -m lib.chapters.eeg.calibration song-ecog pocket-eeg
	$(BIN)/python -m lib.chapters.cortex.calibration natsound165 pocket-sounds
	$(BIN)/python -m lib.chapters.downstream.calibration natsound165 pocket-sounds

downstream: $(READY)
	$(BIN)/python -m lib.chapters.downstream.records

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
