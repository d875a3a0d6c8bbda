#!/bin/sh
# Snakemake runs this once the environment is made and activated. silero-vad requires torch
# (hundreds of MB), which AMELA does not use: hence without dependencies, and not in the
# YAML. amela.vad.silero checks the version.
set -eu
python - "$0" <<'GUARD'
import os, sys

environment = sys.argv[1][: -len(".post-deploy.sh")]  # Snakemake puts this script beside the environment
if not os.path.samefile(environment, sys.prefix):
    sys.exit(f"error: {environment} is not active: this would install into {sys.prefix}")
GUARD
exec python -m pip install --quiet --no-input --no-deps silero-vad==6.2.3
