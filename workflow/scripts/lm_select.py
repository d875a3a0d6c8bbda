#!/usr/bin/env python3
"""Put the points of a language model's grid side by side, and mark the best.

Reads   training.json and score.json of every point
Writes  summary.tsv (a row for each point, the best marked with *) and best.json
The best has the lowest validation loss; the test part takes no part in the choice.

Example
    python workflow/scripts/lm_select.py --point small small/training.json small/score.json \\
        --point large large/training.json large/score.json --summary summary.tsv --best best.json
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic
from amela.lm.selection import COLUMNS, select_point

logger = logging.getLogger("lm_select")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument(
        "--point",
        nargs=3,
        action="append",
        required=True,
        metavar=("NAME", "TRAINING", "SCORE"),
        help="name, training.json and score.json of a point; repeat for more",
    )
    parser.add_argument("--summary", type=Path, required=True, help="TSV to write")
    parser.add_argument("--best", type=Path, required=True, help="JSON to write")
    args = parse_stage(parser, argv)

    points = [(name, *(json.loads(Path(path).read_text("utf-8")) for path in files)) for name, *files in args.point]
    rows, best = select_point(points)
    with open_atomic(args.summary) as out:
        out.write("\t".join(COLUMNS) + "\n")
        out.writelines("\t".join(str(row[column]) for column in COLUMNS) + "\n" for row in rows)
    with open_atomic(args.best) as out:
        out.write(json.dumps(best, indent=2, ensure_ascii=False) + "\n")
    logger.info("best of %d: %s -> %s", len(rows), best["point"], args.summary)


if __name__ == "__main__":
    run_stage(main)
