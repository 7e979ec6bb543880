# A machine with Python 3.11 or newer and make is enough. Everything is installed into .venv, once: the stamp files there
# depend on pyproject.toml, and the install is editable, so editing a module asks for no new one.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; \
	done)
VENV := .venv
BIN := $(VENV)/bin
ORACLES := $(VENV)/oracles
NOTEBOOK := $(VENV)/notebook
BACKBONES := $(VENV)/backbones
PIP := $(BIN)/python -m pip --disable-pip-version-check
OUT := out
# Two processes, if there are two cores: each begins at one end of the tests, so that neighbours share their fixtures, and
# who is done takes from the other.
PYTEST_ARGS ?= --numprocesses=auto --maxprocesses=2 --dist=worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help study docs backbones claims guide test exhaustive cluster oracles notebook lint bench rehearse clean

help:  ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

study: $(VENV)/.installed  ## Run the lab study and say where the report is
	$(BIN)/fastmlp study lab --out $(OUT)
	@echo "The report is $(CURDIR)/$(OUT)/report.html"

docs: $(VENV)/.installed-test  ## Run the study of the book; put the book, its pictures and the claims into docs/
	$(BIN)/fastmlp study book --out $(OUT)/book || [ $$? -eq 1 ] # some trials diverged, and the book says so
	cp bench/peers.json bench/advice.json $(wildcard bench/history.json) $(OUT)/book
	$(BIN)/fastmlp report $(OUT)/book
	cp $(OUT)/book/report.html docs/index.html
	cp $(OUT)/book/report.md docs/book.md
	$(BIN)/python docs/pictures.py docs/index.html docs/pictures
	$(BIN)/fastmlp study claims --out $(OUT)/claims
	cd docs && $(abspath $(BIN))/fastmlp claims $(abspath $(OUT))/claims --beside ../bench/claims.json \
	  --picture pictures/claims.svg > claims.md

backbones: $(BACKBONES)/.installed  ## Run three studies of pretrained networks; put their reports into docs/
	$(BACKBONES)/bin/fastmlp data get mnist
	$(BACKBONES)/bin/fastmlp data get newsgroups-texts
	for study in backbone-digits backbone-text backbone-mistakes; do \
	  $(BACKBONES)/bin/fastmlp study $$study --out $(OUT)/$$study && cp $(OUT)/$$study/report.html docs/$$study.html && \
	  cp $(OUT)/$$study/report.md docs/$$study.md || exit; done

claims: $(VENV)/.installed  ## Run the study of claims on 8 seeds; fail if one is not judged as bench/claims.json says
	$(BIN)/fastmlp study claims --seeds 8 --out $(OUT)/claims-of-8
	$(BIN)/fastmlp claims $(OUT)/claims-of-8 --check bench/claims.json > $(OUT)/claims-of-8/claims.md

guide: $(VENV)/.installed-guide  ## Build the user guide, with the reference of the interface, into out/guide
	$(BIN)/python -m sphinx -W --keep-going -q -d $(OUT)/guide/.doctrees docs/guide $(OUT)/guide

test: $(VENV)/.installed-test  ## Run all tests, on two cores; PYTEST_ARGS="-k layout" runs some, on one
	$(BIN)/python -m pytest $(PYTEST_ARGS)

exhaustive: $(VENV)/.installed-test  ## Run the tests that take longest, most of which compile kernels of their own
	$(BIN)/python -m pytest tests/backends tests/bench -m exhaustive $(PYTEST_ARGS)

cluster: $(VENV)/.installed-test  ## Run the tests of a study on a Dask cluster: workers are killed, networks cut
	$(BIN)/python -m pytest tests/study/execution tests/bench/scale -m cluster $(PYTEST_ARGS)

oracles: $(ORACLES)/.installed  ## Run the tests that compare with other libraries, PyTorch and JAX among them
	FASTMLP_REQUIRE_ORACLES=1 $(ORACLES)/bin/python -m pytest tests -m oracle $(PYTEST_ARGS)

notebook: $(NOTEBOOK)/.installed  ## Run the notebooks of the lab and of the guide, in a real kernel and in JupyterLab
	FASTMLP_REQUIRE_NOTEBOOK=1 FASTMLP_REQUIRE_BROWSER=1 $(NOTEBOOK)/bin/python -m pytest tests/lab/test_notebook.py tests/test_guide_notebooks.py tests/browser/test_jupyterlab.py

lint: $(VENV)/.installed-test $(VENV)/.installed-lint  ## Run ruff, mypy and repo-review
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/repo-review . --show err

bench: $(VENV)/.installed-bench  ## Time every benchmark once, roughly
	$(BIN)/asv machine --yes
	$(BIN)/asv run --quick

rehearse: $(VENV)/.installed-test  ## Try the speed gate on the working tree alone, and check its results
	$(BIN)/python -m bench rehearse

clean:  ## Remove .venv, caches and builds; studies under out/ and measured results stay
	rm -rf $(VENV) .asv/env .asv/html .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip in a fresh environment of Python 3.11 knows no --group, hence the upgrade first.
$(VENV)/.installed: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'No usable Python 3.11 or newer: install one with its venv module (on Debian and Ubuntu:' \
	  'apt install python3-venv), or name it: make PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is no usable' \
	  'Python: 3.11 or newer with venv and ensurepip is needed (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade 'pip>=25.1'
	$(PIP) install --quiet --editable .
	@touch $@

# Apart from the others: these libraries ask for old releases of what the rest takes new.
$(ORACLES)/.installed: pyproject.toml $(VENV)/.installed
	test -x $(ORACLES)/bin/python || $(BIN)/python -m venv $(ORACLES)
	$(PIP) --python $(ORACLES)/bin/python install --quiet --editable . --group oracles
	@touch $@

# Apart too: as a user has them, without torchvision, whose builds rarely fit PyTorch's.
$(BACKBONES)/.installed: pyproject.toml $(VENV)/.installed
	test -x $(BACKBONES)/bin/python || $(BIN)/python -m venv $(BACKBONES)
	$(PIP) --python $(BACKBONES)/bin/python install --quiet --editable '.[torch,images,text]' --group backbones
	@touch $@

# Apart from the others too, because JupyterLab brings a hundred packages.
$(NOTEBOOK)/.installed: pyproject.toml $(VENV)/.installed
	test -x $(NOTEBOOK)/bin/python || $(BIN)/python -m venv $(NOTEBOOK)
	$(PIP) --python $(NOTEBOOK)/bin/python install --quiet --editable . --group notebook
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) install --quiet --group $*
	@touch $@
