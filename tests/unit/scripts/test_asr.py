"""Recognition and its score from their command lines."""

import dataclasses
import json
import logging

import numpy as np
import pytest
from loading import main_of

from amela.asr import transcripts
from amela.audio.save import save_audio
from amela.errors import AmelaError
from amela.io.holder import Holder
from amela.io.jsonl import read_jsonl, write_jsonl
from amela.io.lock import OutputLock
from amela.io.manifest import Utterance, write_manifest


def transcribe(folder, utterances):
    pytest.importorskip("pocketsphinx")
    write_manifest(folder / "manifest.jsonl", utterances)
    main_of("asr")(
        ["--manifest", f"{folder}/manifest.jsonl", "--asr", '{"backend": "pocketsphinx", "max_hmms": 1000}',
         "--output", f"{folder}/out.jsonl", "--rejected", f"{folder}/rejected.jsonl"]
    )  # fmt: skip
    return list(read_jsonl(folder / "out.jsonl")), list(read_jsonl(folder / "rejected.jsonl"))


def test_real_speech_an_unreadable_file_and_its_score(tmp_path, speech):
    clip = speech / "librivox/sense_and_sensibility_01_austen_64kb-0880.wav"
    utterances = [
        Utterance("clip", str(clip), 2.99, text="he was not an ill disposed young man"),
        Utterance("broken", str(speech / "corrupt/null.wav"), 1.0, text="nothing"),
    ]
    rows, rejected = transcribe(tmp_path, utterances)
    assert [row["id"] for row in rows] == ["clip"] and [row["id"] for row in rejected] == ["broken"]
    assert rows[0]["text"] == " ".join(word["word"] for word in rows[0]["words"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.jsonl", "out.jsonl", "rejected.jsonl"]
    write_jsonl(tmp_path / "merged.jsonl", [{**rows[0], "reference": utterances[0].text}])
    main_of("asr_score")(["--transcripts", f"{tmp_path}/merged.jsonl", "--output", f"{tmp_path}/score.json"])
    score = json.loads((tmp_path / "score.json").read_text("utf-8"))
    assert score["words"] == 8 and 0 <= score["wer"] <= 0.5 and score["empty"] == 0


def test_a_shard_without_words_is_a_warning(tmp_path, caplog):
    save_audio(tmp_path / "silence.flac", np.zeros(16_000))
    with caplog.at_level(logging.INFO):
        rows, rejected = transcribe(tmp_path, [Utterance("a", str(tmp_path / "silence.flac"), 1.0)])
    assert rows == [{"id": "a", "text": "", "words": []}] and rejected == []
    assert [record.levelname for record in caplog.records if "empty" in record.message] == ["WARNING"]


def test_an_empty_shard(tmp_path):
    assert transcribe(tmp_path, []) == ([], [])


def test_after_another_took_over_nothing_is_written(tmp_path, monkeypatch):
    def taken_over_at_the_end(*arguments):
        yield {"id": "a", "text": "", "words": []}
        other = dataclasses.replace(Holder.here(), token="other")
        OutputLock(tmp_path / "out.jsonl").path.write_text(other.to_json(), encoding="utf-8")

    monkeypatch.setattr(transcripts, "transcribe_all", taken_over_at_the_end)
    with pytest.raises(AmelaError, match="another took over"):
        transcribe(tmp_path, [])
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.jsonl", ".out.jsonl.journal", ".out.jsonl.lock"}
