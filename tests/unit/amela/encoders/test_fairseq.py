"""The encoder against fairseq itself: its classes made the checkpoints and the features, in a Python of their own."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from oracles import fairseq_layout

from amela.checkpoints.receipt import make_receipt
from amela.encoders.fairseq import FairseqEncoder
from amela.errors import AmelaError, DataError
from amela.io.manifest import Utterance
from amela.units.stream import Stream

ORACLE = Path(__file__).parents[3] / "oracles" / "fairseq_models.py"
FILES = 16
CODES = 200
MODELS = {  # name → blocks, hop
    "hubert-weight-norm": (3, 0.02),
    "hubert-batch-norm": (3, 0.02),
    "hubert-batch-norm-25-hz": (3, 0.04),
    "hubert-large": (3, 0.02),
    "hubert-large-batch-norm": (3, 0.02),
    "hubert-equal-widths": (3, 0.02),
    "wav2vec2": (3, 0.02),
    "wav2vec2-large": (3, 0.02),
}
BASE = "hubert-base-batch-norm"  # the architecture of mHuBERT


@pytest.fixture(scope="module")
def clips(speech):
    """File stem → real speech; every ninth file of the corpus, of many speakers."""
    files = sorted((speech / "speechocean").rglob("*.wav"))[::9][:FILES]
    return {path.stem: (path, sf.read(path, dtype="float32")[0]) for path in files}


def run_oracle(python, folder, models, clips):
    files = [str(path) for path, _ in clips.values()]
    command = [str(python), str(ORACLE), str(folder), "--models", *models, "--wav", *files]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def oracle(fairseq_python, clips, tmp_path_factory):
    return run_oracle(fairseq_python, tmp_path_factory.mktemp("oracle"), MODELS, clips)


def encoder(folder, name, layer, residual="stream", **options):
    return FairseqEncoder(make_receipt(name, [folder / f"{name}.pt"]), layer, residual, **options)


def features(encoder, clips, stems):
    return {stem: encoder.encode([clips[stem][1]])[0].numpy() for stem in stems}


def largest_error(ours, reference, layer):
    errors = []
    for stem, features_TD in ours.items():
        expected_TD = reference[f"{stem}/{layer}"]
        assert features_TD.shape == expected_TD.shape and features_TD.dtype == np.float32
        errors.append(np.abs(features_TD - expected_TD).max())
    return max(errors)


def units(features_TD, codebook_KD):
    distances_TK = (codebook_KD**2).sum(1) - 2 * features_TD.astype(np.float64) @ codebook_KD.T
    return distances_TK.argmin(1)


def same_units(ours, reference, layer):
    """How many frames get the unit that the reference's features give, of how many; codes are frames of the latter."""
    expected = np.concatenate([reference[f"{stem}/{layer}"] for stem in ours])
    rows = np.random.default_rng(0).choice(len(expected), CODES, replace=False)
    codebook_KD = expected[rows].astype(np.float64)
    found = units(np.concatenate(list(ours.values())), codebook_KD)
    reference_units = units(expected, codebook_KD)
    assert len(set(reference_units)) > CODES / 2  # features of which each frame is alike would say nothing
    return (found == reference_units).sum(), len(found)


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_is_fairseqs(oracle, clips, name):
    n_layers, hop = MODELS[name]
    reference = np.load(oracle / f"{name}.npz")
    for layer in range(1, n_layers + 1):
        encode = encoder(oracle, name, layer)
        assert encode.hop == hop
        ours = features(encode, clips, list(clips)[:2])
        assert largest_error(ours, reference, layer) < 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_units_are_fairseqs(oracle, clips, name):
    layer, _ = MODELS[name]
    reference = np.load(oracle / f"{name}.npz")
    ours = features(encoder(oracle, name, layer), clips, clips)
    assert largest_error(ours, reference, layer) < 1e-4
    same, of = same_units(ours, reference, layer)
    assert same >= 0.9999 * of


@pytest.mark.parametrize("name", [name for name in MODELS if "large" in name])
def test_the_final_norm_is_fairseqs_output_without_a_layer(oracle, clips, name):
    reference = np.load(oracle / f"{name}.npz")
    ours = features(encoder(oracle, name, 3, "final_norm"), clips, list(clips)[:2])
    assert largest_error(ours, reference, "final") < 1e-4


@pytest.mark.parametrize("name", ["hubert-batch-norm-25-hz", "hubert-large"])
def test_a_padded_batch_gives_what_fairseq_gives_one_by_one(oracle, clips, name):
    reference = np.load(oracle / f"{name}.npz")
    batch = encoder(oracle, name, 3).encode([samples for _, samples in clips.values()])
    assert largest_error({stem: each.numpy() for stem, each in zip(clips, batch)}, reference, 3) < 1e-4


@pytest.mark.slow
def test_the_base_size_is_fairseqs(fairseq_python, clips, tmp_path):
    few = dict(list(clips.items())[:4])
    reference = np.load(run_oracle(fairseq_python, tmp_path, [BASE], few) / f"{BASE}.npz")
    for layer in (1, 6, 12):
        ours = features(encoder(tmp_path, BASE, layer), clips, list(few)[:2])
        assert largest_error(ours, reference, layer) < 1e-4
    ours = features(encoder(tmp_path, BASE, 12), clips, few)
    assert largest_error(ours, reference, 12) < 1e-4
    same, of = same_units(ours, reference, 12)
    assert same >= 0.9999 * of


def test_waveforms_are_normalised_only_where_the_task_did(tmp_path):
    """Louder speech gives the same features if they are, and others if not."""
    quiet = np.random.default_rng(0).normal(0, 0.5, 4_000).astype(np.float32)
    layers = {**fairseq_layout.LAYER_NORMS, **fairseq_layout.BIASES}
    model = fairseq_layout.tensors(fairseq_layout.layout(extractor=layers))
    settings = {"extractor_mode": "layer_norm", "conv_bias": True}
    for normalize in (True, False):
        task = {"normalize": normalize}
        path = fairseq_layout.write(tmp_path / "model.pt", model=model, settings=settings, task=task)
        one, other = (FairseqEncoder(make_receipt("m", [path]), 2).encode([x])[0] for x in (quiet, 100 * quiet))
        assert torch.allclose(one, other, atol=1e-3) == normalize


@pytest.mark.parametrize("extractor", ["default", "layer_norm"])
@pytest.mark.parametrize("normalize", [False, True])
def test_stretches_of_a_network_that_sees_no_further_than_their_context_are_the_whole(tmp_path, extractor, normalize):
    """Without attention a frame depends on its neighbours and on moments of the utterance, of which half is silent."""
    tensors = fairseq_layout.layout()
    settings = {"extractor_mode": extractor, "conv_bias": extractor == "layer_norm"}
    if extractor == "layer_norm":
        tensors = fairseq_layout.layout(extractor={**fairseq_layout.LAYER_NORMS, **fairseq_layout.BIASES})
    model = fairseq_layout.tensors(tensors)
    for name in model:
        if "out_proj.weight" in name:
            model[name].zero_()
    path = fairseq_layout.write(tmp_path / "model.pt", model=model, settings=settings, task={"normalize": normalize})
    encoder = FairseqEncoder(make_receipt("m", [path]), 2, chunk=0.2, overlap=0.01)
    samples = np.random.default_rng(0).normal(0.01, 0.1, 16_007).astype(np.float32)
    samples[8_000:] *= 1e-3

    def load(part):
        start = round(part.offset * 16_000)
        return samples[start : start + round(part.duration * 16_000)]

    utterance = Utterance(id="u", audio_filepath="", duration=len(samples) / 16_000)
    ((encoded,),) = Stream(encoder, load, lambda _, features_TD: features_TD).run([[utterance]])
    assert len(encoded.parts) > 4
    assert torch.allclose(torch.cat(encoded.parts), encoder.encode([samples])[0], atol=2e-5)


def test_a_checkpoint_that_is_not_whole_is_refused(tmp_path):
    model = fairseq_layout.tensors()
    del model["encoder.layers.1.fc2.weight"]
    path = fairseq_layout.write(tmp_path / "model.pt", model=model)
    with pytest.raises(DataError, match=r"it lacks encoder\.layers\.1\.fc2\.weight"):
        FairseqEncoder(make_receipt("m", [path]), 1)


def test_several_files_and_blocks_that_are_not_there_are_refused(tmp_path):
    path = fairseq_layout.write(tmp_path / "model.pt")
    with pytest.raises(AmelaError, match="one file is wanted"):
        FairseqEncoder(make_receipt("m", [path, fairseq_layout.write(tmp_path / "other.pt")]), 1)
    with pytest.raises(AmelaError, match="layer 3"):
        FairseqEncoder(make_receipt("m", [path]), 3)
