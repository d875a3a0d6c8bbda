#!/bin/sh
# Snakemake runs this once the environment is made and activated. ten_vad needs LLVM's libc++,
# which pip cannot install: real conda installs it here; virtualenvs (tools/without-conda) use
# the system's, and amela.vad.ten says how to get it where there is none.
set -eu
environment=${0%.post-deploy.sh} # Snakemake puts this script beside the environment
if [ -d "$environment/conda-meta" ]; then
    exec conda install --quiet --yes --prefix "$environment" --override-channels --channel conda-forge libcxx
fi
