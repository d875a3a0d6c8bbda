#!/usr/bin/env python3
"""Fit a codebook on the sampled features of one or more corpora.

From every corpus `fit_hours` are taken, the same share from each of its shards.

Reads   folders of encode: features of every shard (Parquet), the normalizer (Parquet)
Writes  a codebook (Parquet), a report on it (JSON)

Example
    python workflow/scripts/kmeans_fit.py --features results/corpora/librivox/encode/mfcc 16 \\
        --codebook '{"k": 100, "fit_hours": 10, "batch": 10000, "max_epochs": 100, "seed": 0}' \\
        --output codebook.parquet --report report.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser

logger = logging.getLogger("kmeans_fit")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--features",
        nargs=2,
        action="append",
        metavar=("FOLDER", "SHARDS"),
        required=True,
        help="features of a corpus; give it for each",
    )
    parser.add_argument("--codebook", type=json_object, required=True, help="k, fit_hours, batch, max_epochs, seed")
    parser.add_argument("--output", type=Path, required=True, help="codebook to write")
    parser.add_argument("--report", type=Path, required=True, help="report to write")
    args = parse_stage(parser, argv)

    from amela.io.atomic import open_atomic
    from amela.units.codebook import make_codebook, write_codebook
    from amela.units.frames import sample_frames
    from amela.units.kmeans import fit_centroids, measure_use

    options = dict(args.codebook)
    folders = [(Path(folder), int(shards)) for folder, shards in args.features]
    sample = sample_frames(folders, options.pop("fit_hours"))
    centroids_KD, effort = fit_centroids(sample.frames_ND, **options)
    use = measure_use(sample.frames_ND, centroids_KD)
    use.check()
    report = {**use.report(), "hours": sample.hours, **effort}
    logger.info("%s", report)
    with open_atomic(args.report) as out:
        json.dump(report, out, indent=2)
    write_codebook(args.output, make_codebook(centroids_KD, use.frames_K, sample.fingerprint))


if __name__ == "__main__":
    run_stage(main)
