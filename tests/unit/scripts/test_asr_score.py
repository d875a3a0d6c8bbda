"""Error rates from the command line."""

import csv

import pytest
from loading import main_of

from amela.errors import AmelaError
from amela.io.jsonl import write_jsonl

RATES = ("wer", "wer_low", "wer_high", "added_wer", "added_low", "added_high")


def test_voices_beside_each_other(tmp_path):
    pytest.importorskip("whisper_normalizer")
    natural = [
        {"id": f"{name}/{number}", "speaker": name, "model": "m", "reference": "Twenty-one, please.", "text": text}
        for name, text in (("anna", "twenty one please"), ("ben", "21 pleas"))
        for number in range(2)
    ]
    write_jsonl(tmp_path / "natural.jsonl", natural)
    lost = {"id": "carl/0", "speaker": "carl", "text": "Four."}
    write_jsonl(tmp_path / "manifest.jsonl", [*natural, lost])
    write_jsonl(tmp_path / "a=b.jsonl", [{**row, "text": ""} for row in natural])
    main_of("asr_score")(
        ["--transcripts", f"natural={tmp_path}/natural.jsonl", f"flat={tmp_path}/a=b.jsonl",
         "--manifest", f"{tmp_path}/manifest.jsonl", "--output", f"{tmp_path}/scores/ps.tsv"]
    )  # fmt: skip
    with (tmp_path / "scores/ps.tsv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["group"] == "all"]
    found = {(row["voice"], row["normaliser"]): row for row in rows}
    assert list(found) == [(voice, normaliser) for voice in ("natural", "flat") for normaliser in ("whisper", "plain")]
    assert [found["natural", "whisper"][rate] for rate in RATES[:3]] == ["0.25", "0.0", "0.5"]
    assert found["natural", "plain"]["wer"] == "0.5"  # 21 pleas: of three words all are wrong
    assert [found["flat", "whisper"][rate] for rate in RATES] == ["1.0", "1.0", "1.0", "0.75", "0.5", "1.0"]
    assert (found["flat", "plain"]["empty"], found["flat", "plain"]["words"]) == ("4", "12")
    assert {(row["utterances"], row["missing"]) for row in rows} == {("4", "1")}


@pytest.mark.parametrize("wrong", ["natural", "=path", "natural="])
def test_tables_have_names(tmp_path, wrong, capsys):
    with pytest.raises(SystemExit):
        main_of("asr_score")(["--transcripts", wrong, "--manifest", "m", "--output", f"{tmp_path}/scores.tsv"])
    assert f"expected VOICE=PATH, got {wrong!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "voices, said", [(["natural", "natural"], "named twice"), (["griffinlim", "natural"], "name it first")]
)
def test_no_voice_is_dropped_in_silence(tmp_path, voices, said):
    write_jsonl(tmp_path / "rows.jsonl", [])
    tables = [f"{voice}={tmp_path}/rows.jsonl" for voice in voices]
    with pytest.raises(AmelaError, match=said):
        main_of("asr_score")(
            ["--transcripts", *tables, "--manifest", f"{tmp_path}/rows.jsonl", "--output", f"{tmp_path}/scores.tsv"]
        )
    assert not (tmp_path / "scores.tsv").exists()
