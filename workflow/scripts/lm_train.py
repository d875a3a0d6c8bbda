#!/usr/bin/env python3
"""Train one language model on units or motifs, and keep its best epoch.

Reads   of each corpus its manifest and its shards of units or motifs
Writes  the model (model.pt), a row for each epoch (history.tsv: nats per token), and how the
        speech was divided, sizes and the best epoch (training.json)
A training that a signal has ended goes on after its last step, a killed one from where it was last
saved, after an epoch or ten minutes ago at most (.resume.pt beside the model).

Example
    python workflow/scripts/lm_train.py \\
        --corpus demo results/corpora/demo/manifest \\
            results/corpora/demo/units/mfcc-k100 1 \\
        --settings '{"tokens": "units", "deduplicate": true, "embedding": 128, "hidden": 256, "layers": 2,
            "dropout": 0.1, "lr": 0.001, "batch": 32, "epochs": 100, "patience": 10,
            "valid": 0.1, "test": 0.1, "seed": 0}' \\
        --model model.pt --history history.tsv --training training.json
"""

from __future__ import annotations

import json
import logging
from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.provenance import code_digest

if TYPE_CHECKING:
    from amela.lm.settings import LMSettings
    from amela.training.processes import Processes

logger = logging.getLogger("lm_train")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--corpus", nargs=4, action="append", required=True, metavar=("NAME", "MANIFESTS", "TOKENS", "SHARDS"),
        help="a corpus, its folders of manifests and of tokens, and how many shards it has; repeatable",
    )  # fmt: skip
    parser.add_argument("--settings", type=json_object, required=True, help="hyper-parameters")
    parser.add_argument("--model", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--history", type=Path, required=True, help="TSV to write")
    parser.add_argument("--training", type=Path, required=True, help="JSON to write")
    parser.add_argument("--gpus", type=int, default=0, help="processes, each with a GPU; 0: one process")
    parser.add_argument("--nodes", type=int, default=1, help="of the SLURM job, over which the processes are divided")
    args = parse_stage(parser, argv)
    from amela.lm.settings import LMSettings
    from amela.training.processes import training_processes

    with training_processes(args.gpus, args.nodes) as processes:
        train_model(args, LMSettings(**args.settings), processes)


def train_model(args: Namespace, settings: LMSettings, processes: Processes) -> None:
    """What each process does; the first one writes."""
    import torch

    from amela.lm.checkpoint import Checkpoint, ResumePoint, save_model
    from amela.lm.data import corpora_from_arguments, read_corpora
    from amela.lm.split import split_utterances
    from amela.lm.training import train

    data = read_corpora(corpora_from_arguments(args.corpus), settings.tokens, settings.deduplicate)
    split = split_utterances(data.utterances, settings.valid, settings.test, settings.seed)
    digest, device = data.digest(), processes.device.type
    logger.info("device %s; divided by %s", device, split.by)
    fingerprint = {"data": digest, "settings": args.settings, "code": code_digest("lm_train")}
    resume = ResumePoint(args.model, {**fingerprint, "torch": torch.__version__, "device": device})
    sequences = {part: [u.sequence for u in utterances] for part, utterances in split.parts.items()}
    with nullcontext() if processes.rank else resume:
        training = train(sequences["train"], sequences["valid"], data.vocab_size, settings, resume, processes)
        if processes.rank:
            return
        description = {
            "settings": settings.to_dict(),
            "source": data.source,
            "data": digest,
            "corpora": [name for name, *_ in args.corpus],
            "split": split.summary(),
            "device": device,
            "processes": processes.size,
            **training.summary(),
            "warnings": split.warnings,
        }
        resume.check()
        write_history(args.history, training.history)
        resume.check()
        with open_atomic(args.training) as out:
            out.write(json.dumps(description, indent=2, ensure_ascii=False) + "\n")
        resume.check()
        save_model(args.model, Checkpoint(training.model, settings, data.source, digest))
        resume.remove()
    logger.info("best epoch %d of %d -> %s", training.best_epoch, len(training.history), args.model)


def write_history(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    with open_atomic(path) as out:
        out.write("epoch\ttrain\tvalid\tlr\n")
        out.writelines("{epoch}\t{train:.6f}\t{valid:.6f}\t{lr:.3e}\n".format(**row) for row in history)


if __name__ == "__main__":
    run_stage(main)
