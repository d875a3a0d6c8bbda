"""Mirrors workflow/scripts/amela/audio/stamp.py."""

import os
import shutil

from amela.audio.stamp import audio_stamp
from amela.io.manifest import Utterance


def utterances(folder, *names):
    return [Utterance(f"u{number}", str(folder / name), 1.0) for number, name in enumerate(names)]


def test_it_changes_with_what_is_there_and_not_with_where(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"three")
    stamp = audio_stamp(utterances(tmp_path, "a", "b", "none"))
    assert audio_stamp(utterances(tmp_path, "a", "b", "none", "a")) == stamp
    shutil.copytree(tmp_path, tmp_path / "moved")
    assert audio_stamp(utterances(tmp_path / "moved", "a", "b", "none")) == stamp
    assert audio_stamp(utterances(tmp_path, "b", "a", "none")) != stamp
    assert audio_stamp(utterances(tmp_path, "a", "b", "b")) != stamp


def test_it_changes_when_a_file_is_written_again(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    stamp = audio_stamp(utterances(tmp_path, "a"))
    (tmp_path / "a").write_bytes(b"two")
    os.utime(tmp_path / "a", ns=(0, 12_345))
    assert audio_stamp(utterances(tmp_path, "a")) != stamp
    assert audio_stamp([]) != stamp
