#!/usr/bin/env python3
"""Score a language model on the speech that was held out, beside a unigram and a bigram.

Reads   the model, and of each corpus the manifest and the token shards that it was trained on
Writes  score.json: nats per token (an utterance's end is a token too), perplexity, bits per
        second of speech; the same of the baselines and of every speaker; warnings

Example
    python workflow/scripts/lm_score.py --model model.pt \\
        --corpus demo results/corpora/demo/manifest \\
            results/corpora/demo/units/mfcc-k100 1 \\
        --output score.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.provenance import check_fingerprint

logger = logging.getLogger("lm_score")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--corpus", nargs=4, action="append", required=True, metavar=("NAME", "MANIFESTS", "TOKENS", "SHARDS"),
        help="a corpus, its folders of manifests and of tokens, and how many shards it has; repeatable",
    )  # fmt: skip
    parser.add_argument("--model", type=Path, required=True, help="checkpoint of lm_train")
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    args = parse_stage(parser, argv)
    from amela.lm.checkpoint import load_model
    from amela.lm.data import corpora_from_arguments, read_corpora
    from amela.lm.score import score_model
    from amela.lm.split import split_utterances
    from amela.training.device import prepare_device

    device = prepare_device()
    checkpoint = load_model(args.model, device)
    settings = checkpoint.settings
    data = read_corpora(corpora_from_arguments(args.corpus), settings.tokens, settings.deduplicate)
    check_fingerprint({"data": data.digest()}, {"data": checkpoint.data}, args.model)
    split = split_utterances(data.utterances, settings.valid, settings.test, settings.seed)
    score = score_model(checkpoint.model, split, device)
    for warning in score["warnings"]:
        logger.warning("%s", warning)
    with open_atomic(args.output) as out:
        out.write(json.dumps(score, indent=2, ensure_ascii=False) + "\n")
    logger.info(
        "%.3f nats per token (unigram %.3f, bigram %.3f), %.1f bits per second -> %s",
        score["nats_per_token"],
        score["unigram"]["nats_per_token"],
        score["bigram"]["nats_per_token"],
        score["bits_per_second"],
        args.output,
    )


if __name__ == "__main__":
    run_stage(main)
