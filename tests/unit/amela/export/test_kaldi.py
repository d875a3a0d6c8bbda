"""Mirrors amela/export/kaldi.py: what utils/validate_data_dir.sh of Kaldi checks, by the same commands."""

import os
import shlex
import subprocess

import pytest

from amela.export.kaldi import SPACE, Kaldi, escaped
from amela.io.manifest import Utterance

# Speakers whose order differs from that of their utterances unless the hyphen sorts first.
SPEAKERS = ["ben", "a", "a-b", "a b", "a!", "a_", "a/", "A", "é", None, ""]
ITEMS = [
    (
        Utterance(f"{speaker} x-{n}", f"/data/it's {n % 4}.{'wav' if n % 2 else 'flac'}", 0.5, n, f"rec-{n}", speaker),
        [n, 1],
    )
    for n, speaker in enumerate(SPEAKERS)
]


def rows(folder, name):
    return [line.split(" ") for line in (folder / name).read_text("utf-8").splitlines()]


def output(*command, given=None):
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, input=given, capture_output=True, check=True, env=environment).stdout


@pytest.mark.parametrize("name", ["text", "utt2spk", "spk2utt", "segments", "wav.scp"])
def test_files_are_sorted_by_a_first_field_that_is_unique(exported, name):
    content = (exported(Kaldi, ITEMS) / name).read_bytes()
    firsts = output("awk", "{print $1}", given=content)
    assert output("sort", "-u", given=firsts) == firsts
    assert content.endswith(b"\n")


def test_sorting_by_speakers_changes_nothing(exported):
    path = exported(Kaldi, ITEMS) / "utt2spk"
    assert output("sort", "-k2", str(path)) == path.read_bytes()
    assert {len(row) for row in rows(path.parent, "utt2spk")} == {2}


def test_both_files_of_speakers_say_the_same(exported):
    folder = exported(Kaldi, ITEMS)
    assert [[name, speaker] for speaker, *names in rows(folder, "spk2utt") for name in names] == rows(folder, "utt2spk")


def test_an_unknown_speaker_is_the_recording(exported):
    folder = exported(Kaldi, ITEMS[-2:])
    assert [speaker for _, speaker in rows(folder, "utt2spk")] == ["rec=2D10", "rec=2D9"]


def test_utterances_of_all_files_are_the_same_and_segments_name_files(exported):
    folder = exported(Kaldi, ITEMS)
    text, segments, utt2spk = (rows(folder, name) for name in ("text", "segments", "utt2spk"))
    assert [row[0] for row in text] == [row[0] for row in segments] == [row[0] for row in utt2spk]
    assert sorted({row[1] for row in segments}) == [row[0] for row in rows(folder, "wav.scp")]
    assert all(float(end) - float(start) == pytest.approx(0.5, abs=1e-6) for _, _, start, end in segments)
    assert sorted(row[1:] for row in text) == sorted([str(n), "1"] for n in range(len(ITEMS)))


def test_audio_that_is_no_wav_is_read_through_a_command(exported):
    entries = dict(line.split(" ", 1) for line in (exported(Kaldi, ITEMS) / "wav.scp").read_text().splitlines())
    assert entries["file-00000002"] == "/data/it's 1.wav"
    assert shlex.split(entries["file-00000001"]) == [
        "flac",
        "--decode",
        "--stdout",
        "--silent",
        "/data/it's 0.flac",
        "|",
    ]


def test_an_utterance_without_units_has_a_line(exported):
    folder = exported(Kaldi, [(Utterance("b", "/b.wav", 0.1, speaker="s"), [])])
    assert (folder / "text").read_text() == "s-b\n"


def test_escaped_names_stay_different():
    names = ["a b", "a=20b", "a\u00a0b", "a\tb", "ab"]
    found = [escaped(name, SPACE) for name in names]
    assert len(set(found)) == len(names)
    assert not any(character.isspace() for name in found for character in name)
