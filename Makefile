# What a person types; `make` alone lists it. Needs git, make and a Python >= 3.11.
#
#     CORES=4     cores to use (default: all)
#     SPEECH=...  folder of 16 kHz mono speech to measure on (bench*, parity; default: synthetic)
#     ARGS="..."  more arguments, for Snakemake (demo), pytest (test) or the tool
#     CONFIG=...  configuration (status, rescue, plan; default: that of the newest run)
#     PROFILE=... profile, as slurm (status, rescue, plan; default: that of the newest run)
#     GPUS=8      GPUs at once (plan; default: as the profile says)
#     WORKERS=2   processes that tests are divided over (default: 2; runs of the workflow stay in one)
#     PYTHON=...  the Python that holds Snakemake (default: the first that tools/find-python finds)

WORKERS ?= 2
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
ARGS ?=
PYTHON ?=
STEER = $(firstword $(wildcard .venv/bin/python) python3)
WHICH = $(if $(CONFIG),--configfile $(CONFIG)) $(if $(PROFILE),--profile $(PROFILE))

.PHONY: help demo test test-cluster test-cluster-full lint format bench bench-encode bench-asr parity graph status rescue plan setup clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

demo: .venv/made  ## run the whole workflow on the demo corpus and show what it made
	@set -e; \
	if [ -t 1 ]; then logger="--logger rich"; fi; \
	if tools/has-conda; then run=; else run=tools/without-conda; fi; \
	$$run .venv/bin/snakemake --configfile config/demo.yaml --sdm conda --cores $(CORES) \
	    --rerun-incomplete --show-failed-logs $${logger-} $(ARGS); \
	.venv/bin/python tools/show-summary results

test: .venv/made .venv-test/made .venv-fairseq/made  ## run every test, the linters among them
	.venv-test/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not cluster" $(ARGS)

test-cluster: .venv/made .venv-test/made  ## run the workflow on a SLURM cluster that is started for it, with accidents
	.venv-test/bin/python -m pytest -rs -m "cluster and not cluster_full" tests/cluster $(ARGS)

test-cluster-full: .venv/made .venv-test/made  ## the same with every fault (more than half an hour)
	.venv-test/bin/python -m pytest -rs -m cluster tests/cluster $(ARGS)

lint: .venv/made .venv-test/made  ## ruff, snakefmt and snakemake --lint alone
	.venv-test/bin/python -m pytest tests/workflow/test_lint.py $(ARGS)

format: .venv/made .venv-test/made  ## bring Python and rule files into shape
	.venv-test/bin/ruff check --fix
	.venv-test/bin/ruff format
	.venv/bin/snakefmt workflow

bench: .venv/made .venv-test/made  ## measure speed and memory (docs/performance.md)
	OMP_NUM_THREADS=1 .venv-test/bin/python tools/bench/vad.py $(if $(SPEECH),--speech $(SPEECH))
	OMP_NUM_THREADS=1 .venv-test/bin/python tools/bench/silence.py $(if $(SPEECH),--speech $(SPEECH))
	.venv-test/bin/python tools/bench/decoding.py
	.venv-test/bin/python tools/bench/inventory.py
	.venv/bin/python tools/bench/planning.py

bench-encode: .venv/made .venv-test/made .venv-fairseq/made  ## measure encoders: speed beside others, memory
	.venv-test/bin/python tools/bench/encode.py $(if $(SPEECH),--speech $(SPEECH)) $(ARGS)
	.venv-test/bin/python tools/bench/encode_memory.py

bench-asr: .venv/made .venv-test/made  ## measure recognisers: padding, the loop beside fixed batches, real sizes (GPU)
	.venv-test/bin/python tools/bench/asr.py $(if $(SPEECH),--speech $(SPEECH)) $(ARGS)

parity: .venv/made .venv-test/made .venv-fairseq/made  ## compare encoders with fairseq and transformers (docs/fidelity.md)
	.venv-test/bin/python tools/bench/parity.py $(if $(SPEECH),--speech $(SPEECH)) $(ARGS)

graph: .venv/made  ## draw docs/rulegraph.svg again (needs graphviz)
	.venv/bin/snakemake --configfile config/demo.yaml --rulegraph dot 2>/dev/null | dot -Tsvg -o docs/rulegraph.svg

status:  ## how far the run is: done, running, failed, rejected, time left
	@$(STEER) tools/amela-status $(WHICH) $(ARGS)

rescue:  ## after a killed controller: its jobs, the lock, what will run again
	@$(STEER) tools/amela-rescue $(WHICH) $(ARGS)

plan:  ## what a run will cost: jobs, hours, disk, wall time, what no partition takes
	@$(STEER) tools/amela-plan $(WHICH) $(if $(GPUS),--gpus $(GPUS)) $(ARGS)

setup: .venv/made  ## make Snakemake and its plugins alone (.venv)

clean:  ## delete environments and caches; results stay
	rm -rf .venv .venv-test .venv-fairseq .snakemake/conda .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Virtualenvs do not move: the mark of a whole one says where it was made.
$(foreach made,.venv/made .venv-test/made .venv-fairseq/made,$(if $(filter-out $(CURDIR),$(file < $(made))),$(shell rm -f $(made))))

# Snakemake, its plugins and uv; the last line is the mark of a whole one.
.venv/made: requirements/snakemake.txt
	@rm -rf .venv
	@python=$$(PYTHON="$(PYTHON)" tools/find-python) && echo "making .venv with $$python" && "$$python" -m venv .venv
	@.venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check $$(grep '^uv==' $<)
	@.venv/bin/python tools/without_conda/installer.py .venv/bin/python $<
	@.venv/bin/python -m compileall -q -j 0 .venv/lib  # halves the start of Snakemake, which is called often
	@echo '$(CURDIR)' > $@

# Every package of workflow/envs in one environment, and what tests need.
.venv-test/made: requirements/test.txt $(wildcard workflow/envs/*) tools/make-test-environment | .venv/made
	@echo "making .venv-test"
	@.venv/bin/python tools/make-test-environment .venv-test
	@echo '$(CURDIR)' > $@

# fairseq, to compare with. Where it cannot be made (no Python 3.9) the tool says so, and `make test` goes on.
.venv-fairseq/made: requirements/fairseq.txt requirements/fairseq-build.txt tools/make-fairseq-environment | .venv/made
	@.venv/bin/python tools/make-fairseq-environment .venv-fairseq
	@if [ -d .venv-fairseq ]; then echo '$(CURDIR)' > $@; fi
