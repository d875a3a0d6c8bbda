"""resources/demo: what tools/make-demo-corpus made is what the demo needs."""

import csv
from pathlib import Path

import pytest
import soundfile

DEMO = Path(__file__).resolve().parents[3] / "resources" / "demo"
BROKEN = "emil/broken.flac"


@pytest.fixture(scope="module")
def rows():
    with (DEMO / "recordings.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_table_lists_every_file_once(rows):
    audio = [path.relative_to(DEMO).as_posix() for path in DEMO.glob("*/*")]
    assert sorted(row["path"] for row in rows) == sorted(audio)


def test_there_is_enough_speech_and_it_is_small(rows):
    seconds = {row["path"]: soundfile.info(DEMO / row["path"]).duration for row in rows if row["path"] != BROKEN}
    assert 180 <= sum(seconds.values()) <= 300
    assert seconds["fred/story.flac"] > 60  # beyond keep_below: it is cut
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) <= 6_000_000


def test_forms_vary(rows):
    forms = {
        (info.format, info.samplerate, info.channels)
        for info in (soundfile.info(DEMO / row["path"]) for row in rows if row["path"] != BROKEN)
    }
    assert forms == {("FLAC", 16_000, 1), ("FLAC", 44_100, 2), ("MP3", 16_000, 1)}


def test_the_broken_file_is_broken(rows):
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(DEMO / BROKEN)


def test_words_recur_across_speakers(rows):
    speakers = {}
    for row in rows:
        for word in row["text"].split():
            speakers.setdefault(word, set()).add(row["speaker"])
    shared = [word for word, who in speakers.items() if len(who) >= 4]
    assert len(shared) >= len(speakers) / 2
