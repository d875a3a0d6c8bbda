"""Proof that no item was lost between the stages of a corpus: in = out + rejected, as sets of ids."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Set

from amela.errors import AmelaError, DataError, what_happened
from amela.io.jsonl import read_jsonl
from amela.merge.stages import is_piece, ledger_file, output_file, stage_name, stage_of

NAMED = 10  # items that a message lists
INVENTORY_LEDGER = "inventory/rejected.jsonl"


@dataclass
class Flow:
    """What went through one link of a chain, over all shards; see ``prove_coverage``."""

    link: str
    entered: int = 0  # items that the stage before wrote
    out: int = 0  # rows that the stage wrote
    rejected: int = 0  # items with a rejection that was not on purpose
    filtered: int = 0  # items whose only rejections were on purpose
    reasons: Counter[str] = field(default_factory=Counter)  # of rejections that were not on purpose
    examples: List[str] = field(default_factory=list)  # the first rejected items

    def to_row(self) -> Dict[str, Any]:
        """Entry of the coverage file."""
        counts = {"in": self.entered, "out": self.out, "rejected": self.rejected, "filtered": self.filtered}
        return {"stage": stage_name(self.link), **counts}

    def reject(self, rows: Iterable[Dict[str, Any]]) -> Set[str]:
        """Count the rows of a ledger; returns their items."""
        failed: Dict[str, None] = {}
        filtered: Set[str] = set()
        for row in rows:
            if row.get("filtered"):
                filtered.add(row["id"])
            else:
                failed[row["id"]] = None
                self.reasons[what_happened(row["reason"])] += 1
        self.rejected += len(failed)
        self.filtered += len(filtered - failed.keys())
        self.examples += list(failed)[: NAMED - len(self.examples)]
        return filtered | failed.keys()


def prove_coverage(corpus: Path, chain: Sequence[str], shards: int) -> List[Flow]:
    """Hold what each link of a chain wrote and rejected against what the link before wrote.

    Args:
        corpus: folder of the corpus.
        chain: ``["manifest", "kmeans_assign/mfcc-k100"]``; the first link is where items come
            from. If that is the inventory, its own sums are checked too.
        shards: how many shards each stage has.

    Returns:
        One ``Flow`` for each link that was checked. Where a stage makes one row of an item,
        ``entered = out + rejected + filtered``; ``segment`` makes any number of utterances
        of a recording, and a recording may be written in part and rejected in part.

    Raises:
        DataError: naming each stage and shard where an item is neither written nor
            rejected, both, repeated, or from nowhere, or where a file is missing.
    """
    flows = [Flow(link) for link in chain[1:]]
    problems: List[str] = []
    for shard in range(shards):
        missing = _missing_files(corpus, chain, shard)
        problems += missing
        if not missing:
            problems += _check_shard(corpus, chain, flows, shard)
    if chain[0] == "inventory" and not problems:
        flows.insert(0, Flow("inventory"))
        problems += _check_inventory(corpus / "inventory", shards, flows[0])
    if not problems:
        problems += _repeated_in_shards(corpus, chain[-1], shards)
    if problems:
        shown = problems[:NAMED] + ([f"and {len(problems) - NAMED} more"] if len(problems) > NAMED else [])
        raise DataError("; ".join(shown), corpus, "delete what these stages wrote and run again; this is a bug")
    return flows


def check_rejected(flows: Sequence[Flow], limit: float, corpus: Path) -> None:
    """Refuse a chain of which one stage rejected more than the share ``limit`` of what it took in.

    Items count, not rows: a recording counts as rejected when any part of it was. What a
    filter of the configuration took out on purpose does not count. In a small corpus one
    item is a large share: 1 of 10 recordings is 10 %.
    """
    for flow in flows:
        if flow.rejected and flow.rejected / flow.entered > limit:
            reasons = "; ".join(f"{count}× {reason}" for reason, count in flow.reasons.most_common(NAMED))
            more = ", …" if flow.rejected > len(flow.examples) else ""
            stage = stage_name(flow.link)
            raise AmelaError(
                f"{stage} rejected {flow.rejected} of {flow.entered} {stage_of(flow.link).takes}"
                f" ({flow.rejected / flow.entered:.1%}, allowed are {limit:.1%}): {reasons};"
                f" items: {', '.join(flow.examples)}{more}",
                _ledgers(flow.link, corpus),
                "mend or leave out these items, or raise max_rejected in the configuration",
            )


def check_something_left(flows: Sequence[Flow], corpus: Path) -> None:
    """Refuse a chain of which one stage wrote nothing at all."""
    for flow in flows:
        if not flow.out:
            stage = stage_name(flow.link)
            raise AmelaError(
                f"nothing is left after {stage}: {flow.entered} {stage_of(flow.link).takes} came in,"
                f" {flow.rejected} were rejected and {flow.filtered} filtered out",
                _ledgers(flow.link, corpus),
                "look there for the reasons, and into the corpus' limits in the configuration",
            )


def _ledgers(link: str, corpus: Path) -> Path:
    """Pattern of the ledgers of a link, for messages: they stay when the merge fails."""
    return corpus / (INVENTORY_LEDGER if link == "inventory" else ledger_file(link, "*"))


def ledger_rows(corpus: Path, chain: Sequence[str], shards: int) -> Iterator[Dict[str, Any]]:
    """Rows of all ledgers of a chain: stage by stage, then in the order of the shards."""
    if chain[0] == "inventory":
        yield from read_jsonl(corpus / INVENTORY_LEDGER)
    for link in chain[1:]:
        for shard in range(shards):
            yield from read_jsonl(corpus / ledger_file(link, shard))


def _missing_files(corpus: Path, chain: Sequence[str], shard: int) -> List[str]:
    names = [(link, output_file(link, shard)) for link in chain]
    names += [(link, ledger_file(link, shard)) for link in chain[1:]]
    return [_problem(link, shard, f"{name} is missing") for link, name in names if not (corpus / name).is_file()]


def _check_shard(corpus: Path, chain: Sequence[str], flows: Sequence[Flow], shard: int) -> List[str]:
    """Add a shard to the flows; returns what is wrong with it."""
    problems = []
    entered = _ids(corpus / output_file(chain[0], shard), "id")
    for link, flow in zip(chain[1:], flows):
        stage = stage_of(link)
        path = corpus / output_file(link, shard)
        out = _ids(path, "id")
        written = set(out if stage.one_to_one else _ids(path, stage.source))
        ledger = list(read_jsonl(corpus / ledger_file(link, shard)))
        rows, pieces = ([row for row in ledger if is_piece(row) == piece] for piece in (False, True))
        rejected = flow.reject(rows)
        flow.entered += len(set(entered))
        flow.out += len(out)
        taken = set(entered)
        faults = {
            "neither written nor rejected": [item for item in entered if item not in written | rejected],
            "from nowhere": sorted((written | rejected) - taken),
            "written twice": _repeated(out),
            "rejected in part and not written": sorted({row["id"] for row in pieces} - written),
        }
        if stage.one_to_one:
            faults["both written and rejected"] = sorted(written & rejected)
            faults["rejected twice"] = _repeated([row["id"] for row in rows])
        problems += [
            _problem(link, shard, f"{_counted(items, stage.takes)} {fault}: {_listed(items)}")
            for fault, items in faults.items()
            if items
        ]
        entered = out
    return problems


def _check_inventory(folder: Path, shards: int, flow: Flow) -> List[str]:
    """Every listed file is a recording of one shard or a row of the ledger."""
    listed = json.loads((folder / "summary.json").read_text("utf-8"))["listed"]
    ids = [item for shard in range(shards) for item in _ids(folder / f"shard-{shard}.jsonl", "id")]
    rows = list(read_jsonl(folder / "rejected.jsonl"))
    flow.reject(rows)
    flow.entered, flow.out = listed, len(ids)
    flow.filtered = sum(bool(row.get("filtered")) for row in rows)  # rows: here two items may share an id
    flow.rejected = len(rows) - flow.filtered
    problems = [f"inventory: {_listed(twice)} stands twice" for twice in [_repeated(ids)] if twice]
    if listed != len(ids) + len(rows):
        problems.append(f"inventory: {listed} files listed, but {len(ids)} recordings and {len(rows)} rejected")
    return problems


def _repeated_in_shards(corpus: Path, link: str, shards: int) -> List[str]:
    """Ids that two shards of the last link share."""
    seen: Set[str] = set()
    problems = []
    for shard in range(shards):
        ids = _ids(corpus / output_file(link, shard), "id")
        twice = [item for item in ids if item in seen]
        seen.update(ids)
        if twice:
            problems.append(_problem(link, shard, f"{_listed(twice)} stands in an earlier shard too"))
    return problems


def _ids(path: Path, key: str) -> List[str]:
    """One column of a shard: of a Parquet file without reading the others."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path, columns=[key], partitioning=None).column(key).to_pylist()
    ids = []
    for number, row in enumerate(read_jsonl(path), 1):
        if not isinstance(row.get(key), str):
            raise DataError(f"row without {key!r}", f"{path}:{number}")
        ids.append(row[key])
    return ids


def _repeated(ids: Sequence[str]) -> List[str]:
    return [item for item, count in Counter(ids).items() if count > 1]


def _problem(link: str, shard: int, what: str) -> str:
    return f"{link}, shard {shard}: {what}"


def _counted(items: Sequence[str], noun: str) -> str:
    return f"{len(items)} {noun if len(items) > 1 else noun[:-1]}"


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:NAMED]) + (", …" if len(items) > NAMED else "")
