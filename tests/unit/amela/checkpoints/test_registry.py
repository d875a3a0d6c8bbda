import subprocess
import sys
from pathlib import Path

import pytest

from amela.checkpoints.registry import (
    COLUMNS,
    REGISTRY,
    HubModel,
    hub_model,
    language_models,
    local_files,
    mismatch,
    mistake,
    read_registry,
    registered,
    untrained,
    wrong_backend,
    wrong_recogniser,
)
from amela.errors import DataError

SHA256 = "a" * 64


def line(**cells):
    given = {"name": "tiny", "kind": "encoder", "file": "tiny.pt", "source": "https://x.org/tiny.pt", **cells}
    return "\t".join(given.get(column, "") for column in COLUMNS) + "\n"


@pytest.fixture
def table(tmp_path):
    def write(*lines, columns=COLUMNS):
        path = tmp_path / "checkpoints.tsv"
        path.write_text("\t".join(columns) + "\n" + "".join(lines))
        return path

    return write


def test_a_row(table):
    given = line(sha256=SHA256, bytes="12", licence="MIT", layer="9", hop="0.02", of="one two", revision="abc")
    (row,) = read_registry(table(given))["tiny"]
    assert (row.sha256, row.bytes, row.licence, row.layer, row.hop) == (SHA256, 12, "MIT", 9, 0.02)
    assert (row.of, row.revision, row.repository) == (("one", "two"), "abc", None)


def test_empty_cells_are_unknown(table):
    (row,) = read_registry(table(line()))["tiny"]
    assert (row.sha256, row.bytes, row.licence, row.layer, row.hop, row.of, row.revision) == (*[None] * 5, (), None)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"kind": "model"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"file": "../x"}, "file"),
        ({"file": ""}, "file"),
        ({"source": "ftp://x.org/tiny.pt"}, "source"),
        ({"source": "hub:tiny"}, "source"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"bytes": "many"}, "bytes"),
        ({"layer": "9.5"}, "layer"),
    ],
)
def test_a_row_that_cannot_be(table, cells, told):
    with pytest.raises(DataError, match=rf"{told}.*checkpoints.tsv:3"):
        read_registry(table(line(name="good"), line(**cells)))


def test_rows_of_a_name_agree(table):
    with pytest.raises(DataError, match="agree"):
        read_registry(table(line(), line(file="config.json", licence="MIT")))
    with pytest.raises(DataError, match="agree"):
        read_registry(table(line(), line()))


def test_other_columns(table):
    with pytest.raises(DataError, match="columns must be name, kind"):
        read_registry(table(line(), columns=("name", "kind")))
    with pytest.raises(DataError, match="2 cells"):
        read_registry(table("tiny\tencoder\n"))


def test_ours():
    """What is named by another row is there, and of the kind that it has to be."""
    registry = read_registry()
    parents = {"quantizer": "encoder", "vocoder": "quantizer", "recogniser": "language-model"}
    for rows in registry.values():
        for of in rows[0].of:
            assert registry[of][0].kind == parents[rows[0].kind]
            assert rows[0].hop == registry[of][0].hop
            assert rows[0].kind != "vocoder" or rows[0].layer == registry[of][0].layer
        assert bool(rows[0].of) == (rows[0].kind in ("quantizer", "vocoder") or rows[0].name == "canary-qwen-2.5b")
    (quantizer,) = registry["mhubert-base-vp_mls_cv_8lang-kmeans-expresso-2000"]
    assert (quantizer.layer, quantizer.hop, quantizer.of) == (12, 0.02, ("mhubert-base-vp_mls_cv_8lang",))
    (canary,) = registry["canary-qwen-2.5b"]
    assert (canary.kind, canary.file, canary.of) == ("recogniser", "", ("qwen3-1.7b",))
    vocoder = registry["mhubert-base-vp_mls_cv_8lang-kmeans-expresso-2000-hifigan"]
    assert [row.file for row in vocoder] == ["generator.pt", "config.json", "speakers.txt", "styles.txt"]


def test_revisions_of_the_hub_are_commits():
    revisions = [row.revision for rows in read_registry().values() for row in rows if row.revision]
    assert revisions
    assert all(len(revision) == 40 and int(revision, 16) for revision in revisions)


def test_by_name_or_by_hub_id(table):
    registry = read_registry(table(line(name="small", file="", source="hub:org/Small", revision="c" * 40)))
    assert registered("small", registry) == registered("org/Small", registry) == registry["small"]
    assert registered("org/Small@main", registry) == registered("org/small", registry) == []
    assert hub_model("org/Small", registered("org/Small", registry)) == HubModel("org/Small", "c" * 40)


def test_a_hub_id_means_the_only_entry_of_a_repository(table):
    registry = read_registry(table(line(name="small", source="hub:org/small")))
    assert registered("org/small", registry) == registry["small"]
    assert registered("org/small@main", registry) == []
    assert hub_model("small", registry["small"]) == HubModel("org/small", None, ("tiny.pt",))


@pytest.mark.parametrize("first", ["whole", "file"])
def test_a_file_of_a_repository_is_not_the_repository(table, first):
    lines = [line(name="whole", file="", source="hub:org/small"), line(name="file", source="hub:org/small")]
    registry = read_registry(table(*sorted(lines, key=lambda text: not text.startswith(first))))
    assert registered("org/small", registry) == registry["whole"]


def test_of_several_files_of_a_repository_the_id_means_none(table):
    lines = [line(name=name, file=name, source="hub:org/small") for name in ("one", "two")]
    assert registered("org/small", read_registry(table(*lines))) == []


def test_language_models():
    registry = read_registry()
    assert language_models(registry["canary-qwen-2.5b"], registry) == registry["qwen3-1.7b"]
    others = [rows for name, rows in registry.items() if name != "canary-qwen-2.5b"]
    assert [language_models(rows, registry) for rows in [*others, []]] == [[]] * (len(others) + 1)


@pytest.mark.parametrize(
    ("given", "model"),
    [
        ("org/name", HubModel("org/name", None)),
        ("org/name@v1.0", HubModel("org/name", "v1.0")),
        ("org/name@refs/pr/1", HubModel("org/name", "refs/pr/1")),
        ("name", None),
        ("./org/name", None),
        ("/org/name", None),
        ("a/b/c", None),
    ],
)
def test_hub_ids(given, model):
    assert hub_model(given, []) == model


def test_a_model_folder_stands_for_its_weights_and_configuration(tmp_path):
    for name in ("config.json", "preprocessor_config.json", "pytorch_model.bin", "README.md", "tf_model.h5"):
        (tmp_path / name).touch()
    names = ["config.json", "preprocessor_config.json", "pytorch_model.bin"]
    assert local_files(str(tmp_path), []) == {name: tmp_path / name for name in names}
    (tmp_path / "model.safetensors").touch()
    assert list(local_files(str(tmp_path), [])) == ["config.json", "model.safetensors", "preprocessor_config.json"]


def test_another_folder_stands_for_all_its_files(tmp_path):
    for name in ("generator.pt", "config.json", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert list(local_files(str(tmp_path), [])) == ["config.json", "generator.pt"]


def test_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    (tmp_path / "org" / "name").touch()
    assert local_files("org/name", []) == {"name": Path("org/name")}  # before the hub
    assert local_files("./nothing.pt", []) == {"nothing.pt": Path("nothing.pt")}
    assert local_files("org/other", []) is None


def test_mistakes_of_a_configuration(table, tmp_path):
    registry = read_registry(table(line(name="small"), line(name="km", kind="quantizer")))
    assert mistake("small", "encoder", registry) is None
    assert mistake("org/other", "encoder", registry) is None
    assert mistake(str(tmp_path), "quantizer", registry) is None
    assert mistake("small", "quantizer", registry).endswith("known: km")
    assert mistake("nothing", "encoder", registry).endswith("known: small")


def test_it_is_read_without_packages():
    """The Snakefile imports it at every start."""
    code = "from amela.checkpoints.registry import read_registry; assert read_registry()"
    environment = {"PYTHONPATH": str(REGISTRY.parents[1] / "workflow" / "scripts")}
    subprocess.run([sys.executable, "-S", "-c", code], env=environment, check=True)


ENCODER = {"backend": "fairseq", "checkpoint": "mhubert-base-25hz", "layer": 11, "normalize": "none"}
QUANTIZER = {"checkpoint": "mhubert-base-25hz-kmeans-500"}


@pytest.mark.parametrize(
    "encoder, told",
    [
        (ENCODER, None),
        ({**ENCODER, "checkpoint": "/data/mine.pt"}, None),  # who knows
        ({**ENCODER, "layer": 12}, "fitted on layer 11, the encoder has layer: 12"),
        ({**ENCODER, "checkpoint": "mms-300m"}, "fitted on features of mhubert-base-25hz, the encoder is mms-300m"),
        ({**ENCODER, "normalize": "speaker"}, "the encoder has normalize: speaker"),
        ({"backend": "mfcc", "normalize": "none"}, "the encoder is without weights"),
    ],
)
def test_a_quantiser_belongs_to_its_encoder(encoder, told):
    found = mismatch(QUANTIZER, encoder, read_registry())
    assert found is None if told is None else told in found


def test_of_a_quantiser_that_is_a_path_nothing_is_known():
    assert mismatch({"checkpoint": "/data/km.bin"}, {**ENCODER, "layer": 3}, read_registry()) is None


@pytest.mark.parametrize(
    "backend, checkpoint, told",
    [
        ("hf", "mms-300m", None),
        ("fairseq", "mhubert-base-25hz", None),
        ("textless", "mhubert-base-25hz", None),
        ("hf", "org/other", None),
        ("fairseq", "/data/mine.pt", None),
        ("fairseq", "mms-300m", "read by backend: hf"),
        ("hf", "mhubert-base-25hz", "read by backend: fairseq"),
    ],
)
def test_a_backend_reads_its_checkpoint(backend, checkpoint, told):
    found = wrong_backend({"backend": backend, "checkpoint": checkpoint}, read_registry())
    assert found is None if told is None else told in found


@pytest.mark.parametrize(
    "backend, checkpoint, told",
    [
        ("canary-qwen", "canary-qwen-2.5b", None),
        ("canary-qwen", "nvidia/canary-qwen-2.5b", None),
        ("parakeet", "parakeet-tdt-0.6b-v3", None),
        ("parakeet", "nvidia/parakeet-tdt-0.6b-v2", None),
        ("parakeet", "org/other", None),
        ("canary-qwen", "org/other", None),
        ("parakeet", "canary-qwen-2.5b", "canary-qwen-2.5b is a folder of files: it is read by backend: canary-qwen"),
        ("canary-qwen", "parakeet-tdt-0.6b-v2", "parakeet-tdt-0.6b-v2 is one file, .nemo: it is read by backend: par"),
        ("canary-qwen", "nvidia/parakeet-tdt-0.6b-v3", "read by backend: parakeet"),
        ("canary-qwen", "./my.nemo", "read by backend: parakeet"),
        ("parakeet", "./my.nemo", None),
        ("parakeet", "./unusual-name", None),
    ],
)
def test_a_recogniser_reads_its_checkpoint(backend, checkpoint, told):
    found = wrong_recogniser({"backend": backend, "checkpoint": checkpoint}, read_registry())
    assert found is None if told is None else told in found


def test_a_recogniser_reads_its_folder(tmp_path):
    def wrong(backend):
        return wrong_recogniser({"backend": backend, "checkpoint": str(tmp_path)}, {})

    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text('{"pretrained_llm": "org/language"}')
    assert wrong("canary-qwen") is None
    assert "read by backend: canary-qwen" in wrong("parakeet")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tdt.nemo").touch()
    assert wrong("parakeet") is None
    assert "read by backend: parakeet" in wrong("canary-qwen")


@pytest.mark.parametrize(
    "quantizer, told",
    [
        ("mhubert-base-25hz-kmeans-500", None),
        ("/data/km.bin", None),
        ("hubert-base-ls960-kmeans-500", "the codebook is hubert-base-ls960-kmeans-500"),
        (None, "the codebook is fitted here"),
    ],
)
def test_a_vocoder_was_trained_on_the_codebook(quantizer, told):
    found = untrained("mhubert-base-25hz-kmeans-500-hifigan", quantizer, read_registry())
    assert found is None if told is None else told in found


def test_a_folder_with_two_models(tmp_path):
    for name in ("one.nemo", "two.nemo"):
        (tmp_path / name).touch()
    assert "2 archives: one.nemo, two.nemo" in mistake(str(tmp_path), "recogniser", read_registry())


def test_files_of_a_language_model_are_files_of_the_folder(tmp_path):
    """So that another tokenizer makes stale what was transcribed."""
    config = '{"pretrained_llm": "../language"}'
    for name in ("speech/model.safetensors", "speech/llm_backbone/config.json", "speech/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "speech" / "config.json").write_text(config)
    (tmp_path / "language").mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "language" / name).touch()
    found = local_files(str(tmp_path / "speech"), [])
    assert {name: path.resolve().relative_to(tmp_path).as_posix() for name, path in found.items()} == {
        "config.json": "speech/config.json",
        "llm_backbone/config.json": "speech/llm_backbone/config.json",
        "model.safetensors": "speech/model.safetensors",
        "tokenizer.json": "language/tokenizer.json",
        "tokenizer_config.json": "language/tokenizer_config.json",
    }


def test_a_path_where_nothing_is(tmp_path):
    assert "no such file or folder" in mistake(str(tmp_path / "gone"), "encoder", read_registry())
