#!/usr/bin/env python3
"""The report of a run: tables, figures and audio in one page that opens offline.

Reads   what every stage wrote below results/ (docs/formats.md)
Writes  report.html, and its summary as a table of name and value (summary.tsv)

Example
    python workflow/scripts/report.py --results results --examples 6 --contents '{"corpora": {"demo": 2},
        "tables": ["manifest"], "codebooks": ["mfcc-k100"], "bpes": ["motifs"], "vocoders": ["griffinlim"],
        "asrs": ["pocketsphinx"], "lms": {"lstm": ["lstm_r0.001_h256_e128_l2_b32_d0.1"]}}' \\
        --page report.html --summary summary.tsv
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Optional, Sequence

from amela.cli import json_object, parse_stage, run_stage, stage_parser
from amela.io.atomic import open_atomic

logger = logging.getLogger("report")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = stage_parser(__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of the run's results")
    parser.add_argument("--contents", type=json_object, required=True, help="names that the configuration gives")
    parser.add_argument("--examples", type=int, default=6, help="utterances to listen to, of each corpus")
    parser.add_argument("--page", type=Path, required=True, help="HTML page to write")
    parser.add_argument("--summary", type=Path, required=True, help="TSV to write: name, value")
    args = parse_stage(parser, argv)
    from amela.report.collect import Results
    from amela.report.page import build_page, number

    page, summary = build_page(Results(args.results, args.contents), args.examples)
    with open_atomic(args.summary) as out:
        out.write("name\tvalue\n")
        out.writelines(f"{row['name']}\t{number(row['value'])}\n" for row in summary)
    with open_atomic(args.page) as out:
        out.write(page)
    logger.info("%.1f MB -> %s", len(page) / 1e6, args.page)


if __name__ == "__main__":
    run_stage(main)
