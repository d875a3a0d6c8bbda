"""After a change, exactly what depends on it is made again."""

import os

import pytest
import yaml

pytestmark = pytest.mark.pipeline

SHARDS = (0, 1)
VOICES = ("natural", "griffinlim")
TABLES = (
    "manifest",
    "units-k20",
    "motifs-motifs",
    "resynth-griffinlim",
    "asr-pocketsphinx-natural",
    "asr-pocketsphinx-griffinlim",
)
REPORTS = {"report", "usage"}
SCORE = {"asr_score corpus=small, asr=pocketsphinx"}
POINTS = ("lstm_r0.001_h16_e8_l1_b32_d0.0", "lstm_r0.001_h16_e8_l1_b32_d0.1")


def each(rule, **wildcards):
    """Jobs of a rule for both shards."""
    named = "".join(f", {key}={value}" for key, value in wildcards.items())
    return {f"{rule} corpus=small{named}, shard={shard}" for shard in SHARDS}


def merges(*names):
    return {f"merge corpus=small, table={name}" for name in names}


def lm_jobs(*points):
    return {
        *(f"{rule} lm=lstm, point={point}" for rule in ("lm_train", "lm_score") for point in points),
        "lm_select lm=lstm",
        *REPORTS,
    }


RESYNTHESIS = (
    {"vocoder_train vocoder=griffinlim"}
    | each("resynth", vocoder="griffinlim")
    | each("asr", asr="pocketsphinx", voice="griffinlim")
    | merges("resynth-griffinlim", "asr-pocketsphinx-griffinlim")
    | SCORE
)
FROM_CODEBOOK = (
    {"kmeans_fit codebook=k20", "bpe_train bpe=motifs", "motifs corpus=small, bpe=motifs"}
    | each("kmeans_assign", codebook="k20")
    | each("bpe_apply", bpe="motifs")
    | merges("units-k20", "motifs-motifs")
    | RESYNTHESIS
    | lm_jobs(*POINTS)
)
FROM_VAD = (
    each("vad")
    | each("manifest")
    | each("encode", encoder="mfcc")
    | {"normalize corpus=small, encoder=mfcc"}
    | each("asr", asr="pocketsphinx", voice="natural")
    | merges("manifest", "asr-pocketsphinx-natural")
    | FROM_CODEBOOK
)


@pytest.fixture
def clone(finished, copy_of):
    return copy_of(finished)


@pytest.fixture
def config(finished):
    return yaml.safe_load((finished.folder / "my.yaml").read_text())


def edit(clone, path, old, new):
    file = clone.folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_nothing_is_stale_after_a_run(finished):
    assert finished.planned() == set()


def test_a_moved_clone_is_not_stale(clone):
    assert clone.planned() == set()


def test_vad_threshold_does_not_run_the_model_again(clone, config):
    clone.configure({**config, "vads": {"silero": {"onset": 0.6}}})
    assert clone.planned() == FROM_VAD


def test_k_touches_the_codebook_and_what_follows(clone, config):
    config["codebooks"]["k20"]["k"] = 25
    clone.configure(config)
    assert clone.planned() == FROM_CODEBOOK


def test_dropout_of_a_grid_point_touches_that_point(clone, config):
    config["lms"]["lstm"]["grid"] = {"dropout": [0.0, 0.2]}
    clone.configure(config)
    assert clone.planned() == lm_jobs("lstm_r0.001_h16_e8_l1_b32_d0.2")


def test_a_comment_in_a_script_touches_nothing(clone):
    edit(clone, "workflow/scripts/segment.py", "import logging", "# a remark\nimport logging")
    edit(clone, "workflow/scripts/amela/io/manifest.py", '"""', '"""In other words: ')
    assert clone.planned() == set()


def test_code_of_the_units_touches_its_users(clone):
    edit(clone, "workflow/scripts/amela/units/kmeans.py", "import numpy as np", "import numpy as np\n\nADDED = 1")
    assert clone.planned() == FROM_CODEBOOK


def test_code_of_one_recogniser_touches_its_transcripts(clone):
    backend = clone.folder / "workflow/scripts/amela/asr/sphinx.py"
    backend.write_text(backend.read_text() + "\nADDED = 1\n")
    expected = {job for voice in VOICES for job in each("asr", asr="pocketsphinx", voice=voice)}
    expected |= merges(*(f"asr-pocketsphinx-{voice}" for voice in VOICES)) | REPORTS
    assert clone.planned() == expected | SCORE


def test_a_touched_recording_is_not_stale(clone, finished):
    table = finished.folder.parent / "audio" / "recordings.csv"
    recording = table.read_text().splitlines()[1].split(",")[0]
    before = os.stat(recording)
    try:
        os.utime(recording)
        os.utime(table)
        assert clone.planned() == set()
    finally:
        os.utime(recording, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_max_rejected_touches_the_proofs_and_what_reads_their_tables(clone, config):
    clone.configure({**config, "max_rejected": 0.5})
    assert clone.planned() == merges(*TABLES) | SCORE | REPORTS


def test_what_is_stale_is_really_made_again_and_then_fresh(clone, config):
    config["lms"]["lstm"]["grid"] = {"dropout": [0.0, 0.3]}
    clone.configure(config)
    clone.make()
    assert clone.planned() == set()
    assert (clone.folder / "results/models/lms/lstm/lstm_r0.001_h16_e8_l1_b32_d0.3/model.pt").is_file()
