"""The manifest joins what segment and vad wrote; nothing is lost without a word."""

import json

import manifest
import pytest

from amela.errors import DataError

LIMITS = {"min_duration": 0.1, "max_duration": 30.0, "min_speech": 0.0}


def utterance(name: str, duration: float, **more) -> dict:
    return {
        "id": name,
        "audio_filepath": f"/{name}.flac",
        "duration": duration,
        "offset": 0.0,
        "recording": "r",
        **more,
    }


SHARD = [utterance("b", 4.0, speaker="x", age=3), utterance("a", 0.02), utterance("lost", 3.0), utterance("long", 31.0)]
SPEECH = {"b": [[0.5, 1.5], [2.0, 3.0]], "a": [], "long": [[0.0, 31.0]]}


def write(path, rows) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def run(folder, speech=SPEECH, shard=SHARD, lost=("lost",), **limits) -> tuple:
    """Rows of the manifest and of its ledger."""
    arguments = {
        "--utterances": write(folder / "segment.jsonl", shard),
        "--speech": write(folder / "vad.jsonl", [{"id": name, "speech": pairs} for name, pairs in speech.items()]),
        "--limits": json.dumps({**LIMITS, **limits}),
        "--output": str(folder / "m.jsonl"),
        "--rejected": str(folder / "m.rejected.jsonl"),
    }
    ledgers = [
        write(folder / "p.rejected.jsonl", [{"id": name} for name in lost]),
        write(folder / "v.rejected.jsonl", []),
    ]
    manifest.main([part for pair in arguments.items() for part in pair] + ["--lost", *ledgers])
    names = ("m.jsonl", "m.rejected.jsonl")
    return tuple([json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()] for name in names)


def test_rows_keep_their_columns_and_gain_their_share_of_speech(tmp_path):
    rows, _ = run(tmp_path)
    assert rows == [{**SHARD[0], "speech": 0.5}]


def test_what_a_limit_takes_out_has_a_row_with_the_reason(tmp_path):
    _, ledger = run(tmp_path)
    assert ledger == [
        {
            "id": name,
            "stage": "manifest",
            "reason": f"duration {reason}",
            "recording": "r",
            "filtered": True,
        }
        for name, reason in (
            ("a", "0.02 s is below min_duration 0.1 s"),
            ("long", "31 s is above max_duration 30 s"),
        )
    ]


def test_open_limits_keep_what_vad_kept(tmp_path):
    rows, ledger = run(tmp_path, min_duration=0.0, max_duration=None)
    assert [row["id"] for row in rows] == ["b", "a", "long"] and ledger == []


def test_an_empty_shard(tmp_path):
    assert run(tmp_path, speech={}, shard=[], lost=()) == ([], [])


def test_all_lost_before(tmp_path):
    assert run(tmp_path, speech={}, lost=[row["id"] for row in SHARD]) == ([], [])


@pytest.mark.parametrize(
    ("lost", "speech", "message"),
    [
        ((), SPEECH, "'lost' has neither a row nor a rejection"),
        (("lost", "a"), SPEECH, "'a' has both a row and a rejection"),
        (("lost",), {**SPEECH, "other": []}, "1 rows of no utterance, the first 'other'"),
    ],
)
def test_gaps_are_an_error_and_leave_no_manifest(tmp_path, lost, speech, message):
    with pytest.raises(DataError, match=message):
        run(tmp_path, speech=speech, lost=lost)
    assert not (tmp_path / "m.jsonl").exists()
