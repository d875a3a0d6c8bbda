"""Recognition from its command line."""

import dataclasses
import json
import logging

import numpy as np
import pytest
import soundfile as sf
from loading import main_of

from amela.asr import transcripts
from amela.audio.save import save_audio
from amela.errors import AmelaError
from amela.io.holder import Holder
from amela.io.jsonl import read_jsonl
from amela.io.lock import OutputLock
from amela.io.manifest import Utterance, write_manifest


def transcribe(folder, utterances, *options, **settings):
    pytest.importorskip("pocketsphinx")
    write_manifest(folder / "manifest.jsonl", utterances)
    asr = json.dumps({"backend": "pocketsphinx", "max_hmms": 1000, "overwrite": True, **settings})
    main_of("asr")(
        ["--manifest", f"{folder}/manifest.jsonl", "--asr", asr,
         "--output", f"{folder}/out.jsonl", "--rejected", f"{folder}/rejected.jsonl", *options]
    )  # fmt: skip
    return list(read_jsonl(folder / "out.jsonl")), list(read_jsonl(folder / "rejected.jsonl"))


def test_real_speech_and_an_unreadable_file(tmp_path, speech):
    clip = speech / "librivox/sense_and_sensibility_01_austen_64kb-0880.wav"
    utterances = [
        Utterance("clip", str(clip), 2.99, text="he was not an ill disposed young man"),
        Utterance("broken", str(speech / "corrupt/null.wav"), 1.0, text="nothing"),
    ]
    rows, rejected = transcribe(tmp_path, utterances)
    assert [row["id"] for row in rows] == ["clip"] and [row["id"] for row in rejected] == ["broken"]
    assert rows[0]["text"] == " ".join(word["word"] for word in rows[0]["words"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.jsonl", "out.jsonl", "rejected.jsonl"]


def test_a_shard_without_words_is_a_warning(tmp_path, caplog):
    save_audio(tmp_path / "silence.flac", np.zeros(16_000))
    with caplog.at_level(logging.INFO):
        rows, rejected = transcribe(tmp_path, [Utterance("a", str(tmp_path / "silence.flac"), 1.0)])
    assert rows == [{"id": "a", "text": "", "model": "pocketsphinx 5.1.1", "words": []}] and rejected == []
    assert [record.levelname for record in caplog.records if "empty" in record.message] == ["WARNING"]


def test_an_empty_shard(tmp_path):
    assert transcribe(tmp_path, []) == ([], [])


def test_long_speech_is_cut_at_the_pauses_of_the_detector_and_nothing_is_lost(tmp_path, speech):
    paths = sorted((speech / "librivox").glob("*.wav"))[1:4]
    clips = [np.resize(sf.read(path, dtype="float32")[0], 46_400) for path in paths]  # 2.9 s
    parts = [part for _ in range(8) for clip in clips for part in (clip, np.zeros(9_600, np.float32))]
    save_audio(tmp_path / "long.flac", np.concatenate(parts))
    intervals = [[3.5 * number, 3.5 * number + 2.9] for number in range(24)]
    (tmp_path / "vad.jsonl").write_text(json.dumps({"id": "a", "speech": intervals}) + "\n", "utf-8")
    [row], _ = transcribe(
        tmp_path, [Utterance("a", str(tmp_path / "long.flac"), 84.0)], "--vad", f"{tmp_path}/vad.jsonl"
    )
    assert len(row["segments"]) == 2 and row["segments"][0]["end"] % 3.5 == pytest.approx(3.2)
    assert " ".join(segment["text"] for segment in row["segments"]) == row["text"]
    assert [word["start"] for word in row["words"]] == sorted(word["start"] for word in row["words"])
    words = row["text"].split()
    [short], _ = transcribe(tmp_path, [Utterance("b", str(tmp_path / "long.flac"), 3.5)])
    assert len(short["text"].split()) >= 5 and words.count("young") >= 6
    assert len([word for word in row["words"] if word["end"] > 60]) >= 20


def test_a_text_of_the_manifest_is_kept_and_its_audio_not_even_read(tmp_path):
    rows, rejected = transcribe(tmp_path, [Utterance("a", "/nowhere.flac", 1.0, text="Es war einmal")], overwrite=False)
    assert rows == [{"id": "a", "text": "Es war einmal", "model": None}] and rejected == []


def test_after_another_took_over_nothing_is_written(tmp_path, monkeypatch):
    def taken_over_at_the_end(*arguments):
        yield {"id": "a", "text": "", "model": "m"}
        other = dataclasses.replace(Holder.here(), token="other")
        OutputLock(tmp_path / "out.jsonl").path.write_text(other.to_json(), encoding="utf-8")

    monkeypatch.setattr(transcripts, "transcribe_all", taken_over_at_the_end)
    with pytest.raises(AmelaError, match="another took over"):
        transcribe(tmp_path, [Utterance("a", "/a.flac", 1.0)])
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.jsonl", ".out.jsonl.journal", ".out.jsonl.lock"}


def test_texts_alone_need_no_model_and_no_gpu(tmp_path):
    rows, _ = transcribe(tmp_path, [Utterance("a", "/a.flac", 1.0, text="da")], "--gpu", "1", overwrite=False)
    assert [row["text"] for row in rows] == ["da"]


def test_audio_that_was_made_again_is_transcribed_again(tmp_path, speech, monkeypatch):
    """Killed, then resynthesised by other settings: the manifest has the same bytes, and the audio is another."""
    clips = [sf.read(path, dtype="float32")[0][:40_000] for path in sorted((speech / "librivox").glob("*.wav"))[1:3]]
    utterances = [Utterance(f"u{number}", str(tmp_path / f"{number}.flac"), 2.5) for number in range(2)]

    def resynthesise(clip):
        for utterance in utterances:
            save_audio(utterance.audio_path, clip)

    resynthesise(clips[0])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(transcripts, "with_kept", interrupted)
        transcribe(tmp_path, utterances)
    assert (tmp_path / ".out.jsonl.journal").read_bytes().count(b"\n") == 3  # its head, and both
    resynthesise(clips[1])
    [first, second], _ = transcribe(tmp_path, utterances)
    assert first["text"] == second["text"]
    (tmp_path / "new").mkdir()
    [alone, _], _ = transcribe(tmp_path / "new", utterances)
    assert first["text"] == alone["text"] != ""


def interrupted(utterances, asked, rows):
    list(rows)
    raise KeyboardInterrupt
