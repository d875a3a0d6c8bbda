"""Which files of a shard list what came out of a stage, and what it rejected.

Standard library only: the rules use it to name the inputs of ``merge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple


@dataclass(frozen=True)
class Stage:
    """One stage of a corpus. It takes in what the stage before it in a chain wrote."""

    folder: str
    output: str = ".jsonl"  # ending of the file that lists what came out
    rejected: str = ".rejected.jsonl"  # ending of the ledger
    source: str = "id"  # key of an output row that holds the id of the item it came from
    takes: str = "utterances"
    in_part: bool = False  # an item may be written though pieces of it (``start`` to ``end``) were rejected

    @property
    def one_to_one(self) -> bool:
        """Whether an item gives one row, or one rejection; else any number of each, but at least one."""
        return self.source == "id"


# by the name of the rule, which is the stage's name in ledgers too
STAGES: Dict[str, Stage] = {
    "inventory": Stage("inventory", takes="files"),
    "segment": Stage("segment", source="recording", takes="recordings"),
    "vad_infer": Stage("vad", ".probabilities.parquet", ".probabilities.rejected.jsonl"),
    "vad": Stage("vad"),
    "manifest": Stage("manifest"),
    "kmeans_assign": Stage("units", ".parquet"),
    "bpe_apply": Stage("motifs", ".parquet"),
    "resynth": Stage("resynth"),
    "asr": Stage("asr", in_part=True),
}


def stage_name(link: str) -> str:
    """Stage of a link of a chain, such as ``manifest`` or ``kmeans_assign/mfcc-k100``."""
    return link.partition("/")[0]


def stage_of(link: str) -> Stage:
    """What is known about the stage of a link."""
    return STAGES[stage_name(link)]


def is_piece(row: Mapping[str, Any]) -> bool:
    """Whether a row of a ledger is of a piece of an item, which was written all the same."""
    stage = STAGES.get(row["stage"])
    return stage is not None and stage.in_part and "start" in row


def _stem(link: str, shard: object) -> str:
    _, slash, name = link.partition("/")
    return f"{stage_of(link).folder}{slash}{name}/shard-{shard}"


def output_file(link: str, shard: object) -> str:
    """Path, below the corpus' folder, of the file that lists what came out of a shard."""
    return _stem(link, shard) + stage_of(link).output


def ledger_file(link: str, shard: object) -> str:
    """Path, below the corpus' folder, of a shard's ledger."""
    return _stem(link, shard) + stage_of(link).rejected


def chain_files(chain: List[str], shards: int) -> Tuple[List[str], List[str]]:
    """Outputs of every link, and ledgers of every link but the first, of every shard.

    The inventory is one folder, made by one job: as the first link it gives no file.
    """
    links = [link for link in chain if link != "inventory"]
    outputs = [output_file(link, shard) for shard in range(shards) for link in links]
    ledgers = [ledger_file(link, shard) for shard in range(shards) for link in chain[1:]]
    return outputs, ledgers
