# Every verb does its own set-up; what is already done is not done again.
SHELL := /bin/bash
PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Compiled modules are kept, also where the environment says that they are not: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode
# Of a nightly run: a piece that fails keeps no other from being tried, one that does not end is interrupted.
AT_MOST := timeout --foreground --signal=INT --kill-after=60

.PHONY: help demo test nightly check mutants images browser clean lock bench-boot bench-load tables

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: images  ## kill the primary of a group of three under load, and judge it
	@meshbench run primary-kill

test: check images browser  ## fast tests, pages in a browser, faults of every kind on real pods, the core of the catalogue
	@pytest -m "(slow or browser) and not engine and not nightly" -n auto --dist worksteal
	@pytest -m "engine and not nightly" tests scenarios --junitxml=runs/junit.xml --runs=runs

nightly: images  ## what takes longer: the whole catalogue, every mysqld option, primary-kill through every proxy, a matrix of 2 x 2, altered folders
	@failed=0; \
	$(AT_MOST) 3600 pytest -m nightly tests --junitxml=runs/junit-tests.xml --runs=runs || failed=1; \
	$(AT_MOST) 4800 pytest -m "engine or nightly" scenarios --all-stories --junitxml=runs/junit.xml --runs=runs || failed=1; \
	$(AT_MOST) 1800 $(PY) -m tests.checks.altered --most 2400 || failed=1; \
	exit $$failed

check: .venv/ready  ## ruff, mypy --strict and the fast tests; needs no Docker
	@ruff check . && ruff format --check . && mypy && DOCKER_HOST=unix:/no-engine pytest -m "not engine and not nightly and not slow and not browser" -n auto --dist worksteal

mutants: .venv/ready  ## break every line of OF=FILE or folder in turn, and list what no test notices; goes on where it was
	@nice $(PY) -m tests.mutants $(OF)

images: .venv/ready  ## the engine, and the images of the pods
	@$(PY) -m cluster.platform.setup

browser: .venv/ready  ## Chromium for the tests of pages, on Debian and Ubuntu as root; else these tests are skipped
	@$(PY) -m tests.browser

bench-boot: images  ## how fast a whole system is deployed, against pods that initialise at start, step by step; PARALLEL=K: and K at once
	@$(PY) -m bench.boot $(if $(PARALLEL),--parallel $(PARALLEL))

bench-load: images  ## the load worker against sysbench, in turns, on one server: throughput, client CPU, latency
	@$(PY) -m bench.load

clean:  ## remove what runs have left on the engine, the images, and the environment
	@if [ -x $(PY) ]; then $(PY) -m cluster.platform.clean; fi
	@rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache

tables: .venv/ready  ## renew the tables of README and docs that are made from what checks, gates and workloads declare
	@$(PY) -m scenarios.tables

lock: .venv/ready  ## renew the pinned versions of all requirements
	@images/lock.sh

.venv/ready: requirements.lock pyproject.toml
	@images/venv.sh
