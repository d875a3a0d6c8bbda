"""Every stage that reads audio: from packs as from files, and by way of a local disk, the same bytes."""

import json
from pathlib import Path

import numpy as np
import pytest
from loading import main_of

from amela.audio.files import open_files
from amela.audio.packs import open_packs
from amela.io.manifest import Utterance, write_manifest
from amela.units.codebook import make_codebook, write_codebook
from amela.units.features import encoder_fingerprint
from amela.units.sequences import UnitShard, write_units

MFCC = json.dumps({"backend": "mfcc", "hop": 0.02, "normalize": "none"})
SPHINX = {"backend": "pocketsphinx", "max_hmms": 100, "max_words": 1, "second_pass": False}
# stage → its arguments, and what it writes below the folder OUT
STAGES = {
    "vad_infer": ["--utterances", "MANIFEST", "--detector", '{"backend": "energy"}',
                  "--output", "OUT/p.parquet", "--rejected", "OUT/r.jsonl"],
    "encode": ["--manifest", "MANIFEST", "--encoder", MFCC, "--hours", "1", "--output", "OUT/f.parquet",
               "--sums", "OUT/s.parquet", "--rejected", "OUT/r.jsonl"],
    "kmeans_assign": ["--manifest", "MANIFEST", "--encoder", MFCC, "--codebook", "codebook.parquet",
                      "--output", "OUT/u.parquet", "--rejected", "OUT/r.jsonl"],
    "vocoder_train": ["--codebook", "codebook.parquet", "--encoder", MFCC, "--vocoder", '{"train_hours": 1}',
                      "--corpus", "MANIFESTS", "units", "1", "--output", "OUT/v.parquet"],
    "asr": ["--manifest", "MANIFEST", "--asr", json.dumps(SPHINX), "--output", "OUT/t.jsonl",
            "--rejected", "OUT/r.jsonl"],
}  # fmt: skip


def run(stage, kind, out, *options):
    """Run a stage on the utterances in ``packs`` or ``files``; what it has written."""
    names = {"MANIFESTS": f"manifests-{kind}", "MANIFEST": f"manifests-{kind}/shard-0.jsonl"}
    main_of(stage)([*(names.get(a, a.replace("OUT", out)) for a in STAGES[stage]), *options])
    return {path.name: path.read_bytes() for path in Path(out).iterdir()}


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Five utterances of noise, of 20 frames and more, each once in packs and once in a file; a codebook, and units."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lengths = rng.integers(20 * 320, 9_000, 5).tolist()
    samples = [(rng.normal(size=n) * 3_000).clip(-32_768, 32_767).astype(np.int16) for n in lengths]
    for kind, opened in (("packs", open_packs(tmp_path / "packs", 20_000)), ("files", open_files(tmp_path / "files"))):
        with opened as folder:
            places = [folder.write(f"anna/{i}", [samples[i]]) for i in range(len(samples))]
        rows = [
            Utterance(f"anna/{i}", file["audio_filepath"], lengths[i] / 16_000, offset, speaker="anna")
            for i, (file, offset) in enumerate(places)
        ]
        write_manifest(tmp_path / f"manifests-{kind}/shard-0.jsonl", rows)
    made_by = encoder_fingerprint(json.loads(MFCC), 0.02, 39)
    codebook = make_codebook(rng.normal(size=(5, 39)).astype(np.float32), np.ones(5, np.int64), made_by)
    write_codebook(tmp_path / "codebook.parquet", codebook)
    units = [rng.integers(0, 5, -(-n // 320)).astype(np.uint16) for n in lengths]
    shard = UnitShard([f"anna/{i}" for i in range(len(units))], units, 0.02, 5, codebook.fingerprint)
    write_units(tmp_path / "units/shard-0.parquet", shard)
    return tmp_path


@pytest.mark.parametrize("stage", STAGES)
def test_the_same_bytes_from_packs_and_files_and_by_way_of_a_local_disk(corpus, stage, tmp_path_factory):
    if stage == "asr":
        pytest.importorskip("pocketsphinx")
    disk = tmp_path_factory.mktemp("disk")
    expected = run(stage, "files", "out-files")
    assert expected and run(stage, "packs", "out-packs") == expected
    assert run(stage, "packs", "out-staged", "--stage", "1", "--tmpdir", str(disk)) == expected
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("vocoder_train", "asr")])
def test_ledgers_name_the_file_not_its_copy(corpus, stage, tmp_path_factory):
    disk = tmp_path_factory.mktemp("disk")
    pack = sorted((corpus / "packs").iterdir())[1]
    pack.write_bytes(pack.read_bytes()[:9_000])
    expected = run(stage, "packs", "out-packs")
    assert b"packs/0001.flac" in expected["r.jsonl"]
    assert run(stage, "packs", "out-staged", "--stage", "1", "--tmpdir", str(disk)) == expected
