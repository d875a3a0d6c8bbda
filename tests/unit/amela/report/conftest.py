"""A tiny results/ folder, as the stages would have written it."""

import json

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from amela.eval.scores import write_scores
from amela.io.jsonl import write_jsonl
from amela.io.table import write_table
from amela.report.collect import Results

POINT = "lstm_r0.001_h8_e4_l1_b2_d0.0"
CONTENTS = {
    "corpora": {"field": 2},
    "tables": ["manifest", "units-k4", "motifs-motifs", "resynth-gl", "asr-sphinx-natural", "asr-sphinx-gl"],
    "codebooks": ["k4"],
    "bpes": ["motifs"],
    "vocoders": ["gl"],
    "asrs": ["sphinx"],
    "lms": {"lstm": [POINT]},
}


@pytest.fixture
def results(tmp_path):
    corpus = tmp_path / "corpora" / "field"
    manifest = [_utterance(tmp_path / "audio", index) for index in range(4)]
    write_jsonl(corpus / "merged/manifest.jsonl", manifest)
    write_jsonl(corpus / "merged/resynth-gl.jsonl", manifest)
    for voice in ("natural", "gl"):
        heard = [{**row, "text": f"{voice} heard", "model": "sphinx", "reference": row["text"]} for row in manifest]
        write_jsonl(corpus / f"merged/asr-sphinx-{voice}.jsonl", heard)
    _scores(tmp_path / "scores/asr/field/sphinx.tsv")
    for table in CONTENTS["tables"]:
        lost = [{"id": "bad <&> one", "stage": "segment", "reason": "no samples"}] if table == "manifest" else []
        write_jsonl(corpus / f"merged/{table}.rejected.jsonl", lost)
        stage = {"stage": "last", "in": 4 + len(lost), "out": 4, "rejected": len(lost), "filtered": 0}
        _json(corpus / f"merged/{table}.coverage.json", stages=[stage])
    for shard in range(2):
        _shard(corpus, shard, manifest[2 * shard : 2 * shard + 2])
    (corpus / "motifs/motifs/motifs.tsv").write_text(
        "motif\tunits\tlength\tcount\tmean_duration\n7\t0 1\t2\t4\t0.25\n8\t2\t1\t9\t0.02\n9\t2 3 1\t3\t1\t0.9\n"
    )
    _model(tmp_path / "models" / "lms" / "lstm")
    return Results(tmp_path, CONTENTS)


def _utterance(folder, index):
    folder.mkdir(exist_ok=True)
    path = folder / f"u{index}.flac"
    soundfile.write(path, np.sin(np.arange(16_000) * (index + 1) / 20) / 2, 16_000)
    row = {"audio_filepath": str(path), "duration": 1.0, "id": f"u{index}", "offset": 0.0, "recording": f"u{index}"}
    return {**row, "speech": 0.5, "speaker": "anna", "text": f"text {index}"}


def _shard(corpus, shard, utterances):
    ids = [row["id"] for row in utterances]
    vad = [{"id": row["id"], "audio_filepath": "", "duration": 1.0, "speech": [[0.25, 0.75]]} for row in utterances]
    write_jsonl(corpus / f"vad/shard-{shard}.jsonl", vad)
    units = {"id": ids, "units": [[0, 1, 0, 1, 2], [2, 2, 2, 2, 2]]}
    schema = pa.schema([("id", pa.string()), ("units", pa.list_(pa.uint16()))])
    write_table(corpus / f"units/k4/shard-{shard}.parquet", units, schema, "units", k=4, hop=0.2, fingerprint={})
    where = {"motif": [7, 7, 7], "id": [ids[0], ids[0], ids[1]], "start": [0.0, 0.4, 0.1], "end": [0.4, 0.8, 0.5]}
    schema = pa.schema([("motif", pa.int32()), ("id", pa.string()), ("start", pa.float64()), ("end", pa.float64())])
    write_table(corpus / f"motifs/motifs/shard-{shard}.occurrences.parquet", where, schema, "occurrences")


def _scores(path):
    """Of natural speech 3 of 4 utterances are scored; all of the speaker gone are missing in the resynthesis."""
    counts = {"normaliser": "plain", "speakers": 2, "utterances": 4, "missing": 0, "scored": 3, "kept": 1, "empty": 0}
    natural = {**counts, "voice": "natural", "wer": 0.25, "wer_low": 0.125, "wer_high": 0.5, "cer": 0.1}
    added = {"added_wer": 0.5, "added_low": -0.25, "added_high": 1.0}
    made = {**counts, **added, "voice": "gl", "kept": 0, "wer": 0.75, "cer": 0.5}
    gone = {"utterances": 0, "missing": 4, "scored": 0, "wer": None}
    rows = [
        {**natural, "normaliser": "whisper", "group": "all", "value": "", "wer": 0.2},
        {**natural, "group": "all", "value": ""},
        {**natural, "group": "speaker", "value": "<i>anna</i>", "wer": 0.0625},
        {**natural, "group": "speaker", "value": "gone", "wer": 0.3125},
        {**natural, "group": "speaker", "value": "", "scored": 0, "wer": None},
        {**natural, "group": "age", "value": "6"},
        {**made, "group": "all", "value": "", "missing": 4},
        {**made, "group": "speaker", "value": "<i>anna</i>"},
        {**made, "group": "speaker", "value": "gone", **gone},
        {**made, "group": "speaker", "value": "", "wer": 0.875},
        {**made, "group": "age", "value": "6"},
    ]
    write_scores(path, rows)


def _model(folder):
    score = {"nats_per_token": 1.0, "perplexity": np.e, "bits_per_second": 7.2}
    _json(folder / POINT / "score.json", **score, unigram=score, bigram=score, warnings=["worse than its unigram"])
    (folder / POINT / "history.tsv").write_text("epoch\ttrain\tvalid\tlr\n1\t2.0\t2.1\t0.001\n2\t1.5\t1.9\t0.001\n")
    (folder / "summary.tsv").write_text(f"best\tpoint\tvalid\n*\t{POINT}\t1.9\n")
    _json(folder / "best.json", point=POINT, bits_per_second=7.2)


def _json(path, **content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
