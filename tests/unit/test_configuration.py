"""Mirrors workflow/configuration.py."""

import re
from pathlib import Path

import pytest
import yaml

from configuration import ConfigurationError, check_references, grid_points, load_configuration, resolve_like

SHORTEST = {"corpora": {"field": {"source": "/data/field"}}}


def test_the_shortest_configuration_gets_every_default():
    config = load_configuration(SHORTEST)
    assert config["corpora"]["field"]["shards"] == 1
    assert config["codebooks"] == {
        "mfcc-k100": {
            "encoder": "mfcc",
            "checkpoint": None,
            "k": 100,
            "fit_on": ["field"],
            "fit_hours": 10.0,
            "batch": 10000,
            "max_epochs": 100,
            "seed": 0,
        }
    }
    assert config["max_rejected"] == 0.05
    assert SHORTEST == {"corpora": {"field": {"source": "/data/field"}}}, "the argument must stay as it was"


def test_an_export_is_of_every_corpus_unless_it_names_some():
    exports = {"units": {"codebook": "mfcc-k100", "format": "pt"}, "own": {"like": "units", "corpora": ["b"]}}
    config = load_configuration({"corpora": {"a": {"source": "x"}, "b": {"source": "y"}}, "exports": exports})
    assert config["exports"]["units"]["corpora"] == ["a", "b"]
    assert config["exports"]["own"] == {**config["exports"]["units"], "corpora": ["b"]}
    assert load_configuration(config) == config


def test_a_loaded_configuration_loads_again_unchanged():
    config = load_configuration(SHORTEST)
    assert load_configuration(config) == config


@pytest.mark.parametrize(
    "change, message",
    [
        ({"corpora": {}}, "corpora: must not be empty"),
        ({"corpura": {}}, r"unknown key 'corpura'; allowed: .*corpora"),
        ({"corpora": {"a": {"source": "x", "shard": 2}}}, r"corpora\.a: unknown key 'shard'; allowed: .*shards"),
        ({"corpora": {"a": {}}}, r"corpora\.a: 'source' is a required property"),
        ({"corpora": {"A b": {"source": "x"}}}, "'A b' is not a name"),
        ({"corpora": {"a": {"source": "x", "shards": "2"}}}, r"corpora\.a\.shards: '2' is not of type 'integer'"),
        ({"corpora": {"a": {"source": "x", "vad": "sileros"}}}, r"corpora\.a\.vad: unknown name 'sileros'; .*silero"),
        (
            {"encoders": {"e": {"backend": "wavlm"}}},
            r"encoders\.e\.backend: 'wavlm' is not allowed; allowed: fairseq, hf, logmel, mfcc, textless",
        ),
        ({"codebooks": {"c": {"encoder": "hubert"}}}, r"codebooks\.c\.encoder: unknown name 'hubert'; .*mfcc"),
        ({"codebooks": {"c": {"k": 1}}}, r"codebooks\.c\.k: 1 is less than the minimum of 2"),
        ({"lms": {"l": {"tokens": "nothing"}}}, r"lms\.l\.tokens: unknown name 'nothing'; known in codebooks and bpes"),
        ({"lms": {"l": {"grid": {"hidden": []}}}}, r"lms\.l\.grid\.hidden"),
        ({"vocoders": {"natural": {}}}, "vocoders.natural: this name stands for natural speech"),
        ({"asrs": {"a": {}, "a-b": {}}, "vocoders": {"b-natural": {}}}, "'a-b-natural' would name two tables"),
        ({"bpes": {"mfcc-k100": {}}}, r"bpes\.mfcc-k100: a codebook has this name too"),
        ({"codebooks": {"a": {"like": "b"}, "b": {"like": "a"}}}, "codebooks: a cycle: a → b → a"),
        ({"codebooks": {"a": {"like": "z"}}}, r"codebooks\.a\.like: unknown name 'z'; known: a"),
        ({"codebooks": {"a": {"like": ["mfcc-k100"]}}}, r"codebooks\.a\.like: unknown name \['mfcc-k100'\]; known: a"),
        ({"exports": {"e": {"codebook": "mfcc-k100"}}}, r"exports\.e: 'format' is a required property"),
        ({"exports": {"e": {"format": "kaldi"}}}, r"exports\.e: give either codebook \(its units\) or encoder"),
        (
            {"exports": {"e": {"codebook": "mfcc-k100", "encoder": "mfcc", "format": "pt"}}},
            r"exports\.e: give either codebook \(its units\) or encoder",
        ),
        (
            {"exports": {"e": {"codebook": "mfcc-k100", "format": "npy"}}},
            r"exports\.e\.format: 'npy' is no format for what codebook gives; allowed: .*kaldi",
        ),
        (
            {"exports": {"e": {"encoder": "mfcc", "format": "kaldi"}}},
            r"exports\.e\.format: 'kaldi' is no format for what encoder gives; allowed: npy, pt, s3prl",
        ),
        (
            {"exports": {"e": {"encoder": "mfcc", "format": "pt", "deduplicate": False}}},
            r"exports\.e\.deduplicate: only units have runs",
        ),
        (
            {"exports": {"e": {"codebook": "mfcc-k100", "format": "discophon", "deduplicate": True}}},
            r"exports\.e\.deduplicate: discophon has one unit a frame",
        ),
        (
            {"exports": {"e": {"encoder": "mfcc", "format": "pt", "corpora": ["c"]}}},
            r"exports\.e\.corpora: unknown name 'c'; known in corpora: field",
        ),
        ({1: {}, "b": {}}, "unknown key '1', 'b'; allowed: "),
        ({"corpora": {"a": {"source": "x", "shards": 2.0}}}, r"corpora\.a\.shards: 2\.0 is not of type 'integer'"),
        ({"max_rejected": float("nan")}, "max_rejected: nan is not of type 'number'"),
        (
            {"segmentations": {"s": {"min_duration": 40}}},
            r"segmentations\.s\.min_duration: 40 is above max_duration \(30",
        ),
        ({"vads": {"v": {"onset": 0.1}}}, r"vads\.v\.offset: 0\.35 is above onset \(0\.1\)"),
        (
            {"encoders": {"hubert-base-l9": {"chunk": 10}}},
            r"encoders\.hubert-base-l9\.overlap: 5\.0, taken off both ends of a stretch, is more than .* chunk \(10\)",
        ),
        (
            {"encoders": {"e": {"backend": "textless", "checkpoint": "x", "layer": 6, "gpu": 1}}},
            r"encoders\.e\.gpu: textless has no use for it; leave it out",
        ),
        (
            {"encoders": {"e": {"backend": "textless", "checkpoint": "x", "layer": 6, "compile": True}}},
            r"encoders\.e\.compile: textless has no use for it; leave it out",
        ),
        (
            {
                "vocoders": {"v": {"codebook": "mfcc-k100", "backend": "textless", "checkpoint": "x", "gpu": 1}},
            },
            r"vocoders\.v\.gpu: textless has no use for it; leave it out",
        ),
        ({"lms": {"l": {"gpu": 3, "nodes": 2}}}, r"lms\.l\.gpu: 3 cannot be divided evenly over nodes \(2\)"),
        ({"lms": {"l": {"nodes": 2}}}, r"lms\.l\.gpu: 0 cannot be divided evenly over nodes \(2\)"),
        ({"lms": {"l": {"valid": 0.5, "test": 0.5}}}, r"lms\.l\.valid: with test \(0\.5\) nothing is left"),
        ({"corpora": ["a"]}, "corpora: .* is not of type 'object'"),
        ({"max_rejected": 5}, "max_rejected: 5 is greater than the maximum of 1"),
    ],
)
def test_a_mistake_names_the_key_and_what_is_allowed(change, message):
    with pytest.raises(ConfigurationError, match=message):
        load_configuration({**SHORTEST, **change})


def test_every_mistake_is_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        load_configuration({"corpora": {"a": {"source": 1, "shards": 0}}})
    assert len(str(caught.value).splitlines()) == 2


def test_like_takes_over_what_is_not_set():
    things = resolve_like("codebooks", {"a": {"k": 50, "seed": 1}, "b": {"like": "a", "k": 100}, "c": {"like": "b"}})
    assert things == {"a": {"k": 50, "seed": 1}, "b": {"k": 100, "seed": 1}, "c": {"k": 100, "seed": 1}}


def test_references_hold_in_the_defaults():
    assert check_references(load_configuration(SHORTEST)) == []


def test_a_grid_is_the_product_of_its_lists_and_folders_are_named_by_values():
    lm = {**load_configuration(SHORTEST)["lms"]["lstm"], "grid": {"hidden": [256, 512], "dropout": [0.1, 0.2]}}
    points = grid_points(lm)
    assert list(points) == [
        "lstm_r0.001_h256_e128_l2_b32_d0.1",
        "lstm_r0.001_h256_e128_l2_b32_d0.2",
        "lstm_r0.001_h512_e128_l2_b32_d0.1",
        "lstm_r0.001_h512_e128_l2_b32_d0.2",
    ]
    assert points["lstm_r0.001_h512_e128_l2_b32_d0.1"] == {
        "lr": 0.001, "hidden": 512, "embedding": 128, "layers": 2, "batch": 32, "dropout": 0.1,
    }  # fmt: skip
    assert len(grid_points({**lm, "grid": {}})) == 1


def test_names_that_cost_nothing_are_always_there():
    config = load_configuration({**SHORTEST, "vads": {"mine": {"backend": "energy"}}, "encoders": {"e": {"hop": 0.02}}})
    assert sorted(config["vads"]) == ["generous", "mine", "silero"]
    assert (config["vads"]["generous"]["onset"], config["vads"]["generous"]["min_on"]) == (0.2, 0.25)
    assert {"e", "logmel", "mfcc", "mms-300m-l14"} <= set(config["encoders"])
    assert load_configuration({**SHORTEST, "vads": {"silero": {"onset": 0.7}}})["vads"]["silero"]["onset"] == 0.7


def test_what_is_always_there_keeps_the_keys_that_are_not_set():
    config = load_configuration({**SHORTEST, "encoders": {"mms-300m-l14": {"gpu": 1}, "logmel": {"backend": "mfcc"}}})
    mms, logmel = config["encoders"]["mms-300m-l14"], config["encoders"]["logmel"]
    assert (mms["backend"], mms["checkpoint"], mms["layer"], mms["gpu"]) == ("hf", "mms-300m", 14, 1)
    assert logmel["backend"] == "mfcc"
    assert load_configuration(config) == config


def test_things_may_be_like_what_is_always_there():
    config = load_configuration({**SHORTEST, "vads": {"mine": {"like": "generous", "min_on": 0.1}}})
    assert (config["vads"]["mine"]["onset"], config["vads"]["mine"]["min_on"]) == (0.2, 0.1)


def test_names_that_yaml_reads_as_numbers_and_things_without_settings():
    config = load_configuration({"corpora": {2024: {"source": "x", "vad": "mine"}}, "vads": {"mine": None}})
    assert list(config["corpora"]) == ["2024"]
    assert config["codebooks"]["mfcc-k100"]["fit_on"] == ["2024"]
    assert config["vads"]["mine"]["backend"] == "silero"


def test_a_default_that_no_longer_holds_says_what_to_do():
    with pytest.raises(
        ConfigurationError, match=r"lms\.lstm\.tokens: .* \(a default: write your own `lms:`, or `lms: \{\}`"
    ):
        load_configuration({**SHORTEST, "codebooks": {"small": {"k": 50}}})


def test_a_quarter_of_a_stretch_may_be_overlap_and_only_some_backends_lack_a_gpu():
    encoders = {
        "a": {"backend": "hf", "checkpoint": "org/name", "layer": 3, "chunk": 20, "gpu": 1, "compile": True},
        "b": {"backend": "textless", "checkpoint": "x", "layer": 3, "chunk": 5, "overlap": 0, "gpu": 0},
    }
    assert load_configuration({**SHORTEST, "encoders": encoders})["encoders"]["a"]["overlap"] == 5


def test_each_backend_has_keys_of_its_own():
    encoders = {"a": {"backend": "hf", "checkpoint": "org/name", "layer": 3}, "b": {"backend": "logmel"}}
    config = load_configuration({**SHORTEST, "encoders": encoders})["encoders"]
    assert config["a"]["normalize"] == "none" and config["b"]["normalize"] == "speaker"
    assert "hop" not in config["a"] and "layer" not in config["b"]
    with pytest.raises(ConfigurationError, match=r"encoders\.b: unknown key 'layer' of backend mfcc; allowed: backend"):
        load_configuration({**SHORTEST, "encoders": {"b": {"backend": "mfcc", "layer": 3}}})
    with pytest.raises(ConfigurationError, match=r"encoders\.a: 'layer' is a required property"):
        load_configuration({**SHORTEST, "encoders": {"a": {"backend": "fairseq", "checkpoint": "x"}}})
    with pytest.raises(
        ConfigurationError, match=r"encoders\.a\.backend: 'hubert' is not allowed; allowed: fairseq, hf"
    ):
        load_configuration({**SHORTEST, "encoders": {"a": {"backend": "hubert"}}})


def test_others_codebooks_say_how_many_units_they_have():
    given = {**SHORTEST, "codebooks": {"c": {"checkpoint": "x"}}, "bpes": {}, "vocoders": {}, "lms": {}}
    with pytest.raises(ConfigurationError, match=r"codebooks\.c\.k: say how many units"):
        load_configuration(given)
    assert load_configuration({**given, "codebooks": {"c": {"checkpoint": "x", "k": 9}}})["codebooks"]["c"]["k"] == 9


def test_examples_of_the_documentation_are_valid():
    root = Path(__file__).parents[2]
    for page in ("README.md", "docs/encoders.md", "docs/recognition.md"):
        text = (root / page).read_text("utf-8")
        for block in re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
            load_configuration({**SHORTEST, **yaml.safe_load(block)})
