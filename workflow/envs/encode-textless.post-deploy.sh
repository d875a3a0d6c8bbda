#!/bin/sh
# Snakemake runs this once the environment is made and activated: fairseq and textlesslib from
# their repositories, since no package index has them. textlesslib's README names fairseq at
# dd106d9, which lacks the BatchNorm before the positional convolution that the multilingual
# checkpoints have: 4db2649 brought it, and gives the same features for the others (docs/fidelity.md).
set -eu
python - "$0" <<'GUARD'
import os, sys

environment = sys.argv[1][: -len(".post-deploy.sh")]  # Snakemake puts this script beside the environment
if not os.path.samefile(environment, sys.prefix):
    sys.exit(f"error: {environment} is not active: this would install into {sys.prefix}")
GUARD
github=https://github.com/facebookresearch
export GIT_TERMINAL_PROMPT=0
for repository in fairseq textlesslib; do
    if ! answer=$(git ls-remote --quiet $github/$repository HEAD 2>&1); then
        echo "error: no textless without $github/$repository ($(echo "$answer" | tail -n 1)): where it cannot be" \
            "reached, 'backend: fairseq' reads the same checkpoint and gives the same units (docs/fidelity.md)" >&2
        exit 1
    fi
done
# fairseq's setup.py then compiles nothing: its extensions serve training and translation.
export READTHEDOCS=1
# Nor is the repository of another model wanted that fairseq names as a part of itself.
export GIT_CONFIG_COUNT=1 \
    GIT_CONFIG_KEY_0=submodule.fairseq/model_parallel/megatron.update GIT_CONFIG_VALUE_0=none
prefix=$(python -c 'import sys; print(sys.prefix)')
# textlesslib stays a clone, on Python's path: its setup.py forgets one of its packages.
python -m pip install --quiet --no-input --no-deps --no-build-isolation --src "$prefix/src" \
    "git+$github/fairseq@4db264940f281a6f47558d17387b1455d4abd8d9" \
    --editable "git+$github/textlesslib@ba33d669d8284b4f7bfe81e7384e83ab799fe384#egg=textless"
# On import it makes this folder, to download into.
export TEXTLESS_CHECKPOINT_ROOT="$prefix/src"
exec python -W ignore -c 'import textless.data.hubert_feature_reader'
