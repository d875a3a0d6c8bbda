"""What every stage script shares: parser, logging, environment check, exit status."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Callable, Optional, Sequence

from amela.environment import check_environment
from amela.errors import AmelaError


def json_object(text: str) -> dict:
    """argparse type: a JSON object given inline."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, got {text!r}")
    return value


def stage_parser(doc: Optional[str]) -> argparse.ArgumentParser:
    """Parser whose help is the module docstring; abbreviated options are refused."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--environment",
        metavar="NAME",
        help="refuse to run unless workflow/envs/NAME.yaml is the active environment",
    )
    return parser


def add_staging(parser: argparse.ArgumentParser) -> None:
    """Options of the stages that read audio (``amela.audio.staging``)."""
    parser.add_argument("--stage", type=int, choices=(0, 1), default=0, help="1: copy audio to --tmpdir, read it there")
    parser.add_argument("--tmpdir", type=Path, metavar="DIR", help="folder on a local disk; default: $TMPDIR")


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """Options of the stages that encode speech (``amela.encoders``)."""
    parser.add_argument("--encoder", type=json_object, required=True, help="backend and its settings, normalize")
    parser.add_argument("--checkpoint", type=Path, metavar="JSON", help="receipt of its weights, if it has any")
    parser.add_argument(
        "--batch-seconds", type=float, default=0.0, metavar="S",
        help="padded speech a batch; 0: one utterance at a time on a CPU, as much as fits on a GPU",
    )  # fmt: skip
    parser.add_argument("--compile", type=int, choices=(0, 1), default=0, help="1: compile the model first")
    parser.add_argument("--gpu", type=int, default=0, metavar="N", help="1: end where no GPU can be used")


def parse_stage(parser: argparse.ArgumentParser, argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Parsed arguments, after the environment has been logged and checked."""
    args = parser.parse_args(argv)
    check_environment(args.environment)
    return args


def run_stage(main: Callable[[], None]) -> None:
    """Run ``main``; an AmelaError ends it with one line and exit status 1."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        main()
    except AmelaError as error:
        sys.exit(f"error: {error}")
