#!/usr/bin/env python3
"""What the units of a codebook sound like: a mel centroid of each.

Reads   a codebook, and manifests and units of the corpora to train on; without any corpus
        the codebook itself is what is heard (logmel features without normalisation)
Writes  the vocoder (Parquet)

Example
    python workflow/scripts/vocoder_train.py --codebook codebook.parquet \\
        --encoder '{"backend": "mfcc", "hop": 0.01, "normalize": "speaker"}' \\
        --vocoder '{"train_hours": 10}' \\
        --corpus results/corpora/demo/manifest results/corpora/demo/units/mfcc-k100 4 \\
        --output vocoder.parquet
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("vocoder_train")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--codebook", type=Path, required=True, help="whose units will be heard")
    parser.add_argument("--encoder", type=json_object, required=True, help="of the codebook: backend, hop, normalize")
    parser.add_argument("--vocoder", type=json_object, required=True, help="train_hours")
    parser.add_argument(
        "--corpus", nargs=3, action="append", default=[], metavar=("MANIFESTS", "UNITS", "SHARDS"),
        help="folders of a corpus, and how many shards it has; once for each corpus",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, help="vocoder to write")
    add_staging(parser)
    args = parse_stage(parser, argv)

    from amela.audio.staging import staging
    from amela.units.codebook import read_codebook
    from amela.vocoder.centroids import write_vocoder
    from amela.vocoder.training import Corpus, centroids_of_codebook, centroids_of_speech

    codebook = read_codebook(args.codebook)
    if args.corpus:
        corpora = [Corpus(Path(manifest), Path(units), int(shards)) for manifest, units, shards in args.corpus]
        with staging(args.stage, args.tmpdir) as stage:
            centroids = centroids_of_speech(codebook, corpora, args.vocoder["train_hours"], stage.load)
    else:
        centroids = centroids_of_codebook(codebook, args.encoder)
    write_vocoder(args.output, centroids)
    logger.info("%d units of %g s -> %s", codebook.k, codebook.hop, args.output)


if __name__ == "__main__":
    run_stage(main)
