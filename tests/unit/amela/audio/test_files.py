"""A file for each utterance."""

import numpy as np
import pytest
import soundfile as sf

from amela.audio.files import open_files

BLOCKS = [np.arange(100, dtype=np.int16), np.arange(50, dtype=np.int16)]


def test_each_utterance_is_a_file_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_files(tmp_path / "audio") as files:
        places = [files.write(item, BLOCKS) for item in ("anna/day 1", "bo")]
        assert not (tmp_path / "audio").exists()
    assert places == [
        ({"audio_filepath": f"{tmp_path}/audio/{name}", "audio_relpath": f"audio/{name}"}, 0.0)
        for name in ("anna/day 1.flac", "bo.flac")
    ]
    for file, _ in places:
        samples, rate = sf.read(file["audio_filepath"], dtype="int16")
        assert rate == 16_000 and np.array_equal(samples, np.concatenate(BLOCKS))


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_files(tmp_path / "audio") as files:
        files.write("a", BLOCKS)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
