"""What every command line shares."""

import argparse
import logging
from pathlib import Path

import pytest

from amela.cli import add_staging, json_object, parse_stage, run_stage, stage_parser
from amela.errors import AmelaError, Rejected


def test_json_object():
    assert json_object('{"k": 100, "name": "é"}') == {"k": 100, "name": "é"}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"a"', "null", "{'k': 1}"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="JSON"):
        json_object(text)


def test_a_mistake_in_json_ends_with_the_usage(capsys):
    parser = stage_parser("Doc.")
    parser.add_argument("--settings", type=json_object)
    with pytest.raises(SystemExit) as end:
        parse_stage(parser, ["--settings", "{"])
    assert end.value.code == 2
    assert "--settings: not JSON" in capsys.readouterr().err


def test_abbreviated_options_are_refused(capsys):
    parser = stage_parser("Doc.")
    parser.add_argument("--output")
    with pytest.raises(SystemExit):
        parse_stage(parser, ["--out", "x"])
    assert "unrecognized arguments: --out x" in capsys.readouterr().err


def test_audio_is_read_where_it_lies_unless_wanted_otherwise():
    parser = stage_parser("Doc.")
    add_staging(parser)
    args = parse_stage(parser, [])
    assert (args.stage, args.tmpdir) == (0, None)
    args = parse_stage(parser, ["--stage", "1", "--tmpdir", "/scratch/a b"])
    assert (args.stage, args.tmpdir) == (1, Path("/scratch/a b"))


def test_help_is_the_docstring_as_it_stands():
    assert "Reads   a\nWrites  b" in stage_parser("Reads   a\nWrites  b").format_help()


def test_the_environment_is_checked_after_parsing(monkeypatch):
    asked = []
    monkeypatch.setattr("amela.cli.check_environment", asked.append)
    parse_stage(stage_parser("Doc."), ["--environment", "audio"])
    parse_stage(stage_parser("Doc."), [])
    assert asked == ["audio", None]


@pytest.mark.parametrize("kind", [AmelaError, Rejected])
def test_an_error_for_the_user_is_one_line(kind):
    def main():
        raise kind("bad row", "a:3", "make it again")

    with pytest.raises(SystemExit) as end:
        run_stage(main)
    assert end.value.code == "error: bad row — a:3 — make it again"  # printed by Python, exit status 1


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_stage(lambda: 1 / 0)


def test_success_logs_and_returns(monkeypatch):
    levels = []
    monkeypatch.setattr(logging, "basicConfig", lambda **options: levels.append(options["level"]))
    assert run_stage(lambda: None) is None
    assert levels == ["INFO"]
