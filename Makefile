# Everything here runs in .venv, which the first command makes: Python 3.11 or newer is all that must be there before.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo artifact samples test check format web test-web kotlin clean

help:
	@echo "make demo    a photo becomes a character in three ways, and an ONNX artifact that computes the same"
	@echo "make artifact  the demo bundle's artifact, into its own folder, after the bundle was changed"
	@echo "make test    the whole suite (JOBS=$(JOBS) processes)"
	@echo "make check   ruff, mypy and the layers of imports"
	@echo "make format  let ruff sort imports and mend what it can"
	@echo "make web     the editor's page and the browser library, built from web/ (Node 20 or newer)"
	@echo "make test-web  whether what is built is what the sources give, and the tests of web/"
	@echo "make kotlin  the Kotlin compiler, for tests/embed/test_kotlin.py (Node and Java 17 or newer)"
	@echo "make samples let the reference engine draw the demo's characters again, after another training of its bundle"
	@echo "make clean   remove .venv, build and caches"

demo: $(VENV)/demo.stamp
	$(RUN)/f2p-deploy demo -o build/demo-run

artifact: $(VENV)/demo.stamp
	$(RUN)/python tools/demo_artifact.py

# One thread a process: the processes share the cores.
test: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(RUN)/pytest -q -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/dev.stamp
	$(RUN)/ruff check
	$(RUN)/mypy
	$(RUN)/lint-imports --no-logo

format: $(VENV)/dev.stamp
	$(RUN)/ruff check --fix

samples: $(VENV)/dev.stamp
	$(RUN)/python tools/draw_samples.py

web:
	cd web && npm ci --no-audit --no-fund
	cd web && npm run build

# The build is committed with its sources, so that nobody needs Node to install the package.
test-web: web $(VENV)/demo.stamp
	@test -z "$$(git status --porcelain -- f2p_deploy/embed/web_page f2p_deploy/embed/web_library)" || { \
	  echo "f2p_deploy/embed/web_page or web_library is not what web/ builds: commit the build with its sources" >&2; exit 1; }
	$(RUN)/python tools/web_reference.py
	cd web && npm test

kotlin:
	cd tests/embed/android && npm ci --no-audit --no-fund

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/demo.stamp: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -e '.[export,faces,edit]' -c constraints.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -e '.[export,faces,edit,heif,engine,openvino,litert,ncnn,rtx,trt-lean,coreml,web,serve,client,batch,bench,train,dev]' -c constraints.txt
	@touch $@ $(VENV)/demo.stamp

$(VENV)/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "$(PYTHON) is not here: install Python 3.11 or newer (Debian: apt install python3 python3-venv)" >&2; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): make PYTHON=/path/to/python3.11" >&2; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments (Debian: apt install python3-venv)" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
