#!/usr/bin/env python3
"""Write the units of a shard as motifs, and where each motif occurs.

Reads   a shard of units; bpe.model and bpe.json
Writes  motifs of each utterance with the frames that they span; occurrences of the motifs
        longer than one unit (seconds); the ledger

Example
    python workflow/scripts/bpe_apply.py --units results/corpora/demo/units/mfcc-k100/shard-0.parquet \\
        --model bpe.model --description bpe.json \\
        --output motifs.parquet --occurrences occurrences.parquet --rejected rejected.jsonl
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.ledger import Ledger

logger = logging.getLogger("bpe_apply")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--units", type=Path, required=True, help="shard of units")
    parser.add_argument("--model", type=Path, required=True, help="SentencePiece model")
    parser.add_argument("--description", type=Path, required=True, help="bpe.json of the model")
    parser.add_argument("--output", type=Path, required=True, help="motifs to write (Parquet)")
    parser.add_argument("--occurrences", type=Path, required=True, help="occurrences to write (Parquet)")
    parser.add_argument("--rejected", type=Path, required=True, help="ledger to write")
    args = parse_stage(parser, argv)

    from amela.units.motifs import MotifShard, find_motifs, write_motifs, write_occurrences
    from amela.units.sequences import read_units
    from amela.units.vocabulary import load_vocabulary

    vocabulary = load_vocabulary(args.model, args.description)
    units = read_units(args.units)
    vocabulary.check_units(units.fingerprint, args.units)
    motifs = MotifShard([], [], [], units.hop, vocabulary.bpe.vocab_size, vocabulary.fingerprint)
    ledger = Ledger("bpe_apply")
    for item, units_T in zip(units.ids, units.units):
        with ledger.guard(item):
            motifs.add(item, *find_motifs(vocabulary, units_T))
    write_motifs(args.output, motifs)
    found = write_occurrences(args.occurrences, motifs, vocabulary.bpe.lengths_V)
    ledger.write(args.rejected)
    tokens = sum(map(len, motifs.tokens))
    share = f"{found / tokens:.1%}" if tokens else "none"
    logger.info("%d utterances, %d tokens, %s of them longer than one unit", len(motifs.ids), tokens, share)


if __name__ == "__main__":
    run_stage(main)
