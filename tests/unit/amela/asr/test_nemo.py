"""Mirrors workflow/scripts/amela/asr/nemo.py."""

import logging
import sys
from types import SimpleNamespace

import pytest

from amela.errors import AmelaError

torch = pytest.importorskip("torch")
pytest.importorskip("omegaconf")

from amela.asr.nemo import (  # noqa: E402
    CLASSES,
    batch_budget,
    check_no_code,
    check_targets,
    check_weights,
    dtype_of,
    import_nemo,
    parse_config,
    prepare_device,
    without_training,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
MODULES = "nemo.collections.asr.modules"
# every target of the configurations of canary-qwen-2.5b and parakeet-tdt-0.6b
PUBLISHED = [
    "nemo.collections.asr.models.rnnt_bpe_models.EncDecRNNTBPEModel",
    "nemo.collections.speechlm2.modules.perception.AudioPerceptionModule",
    "nemo.collections.speechlm2.modules.perception.IdentityConnector",
    f"{MODULES}.AudioToMelSpectrogramPreprocessor",
    f"{MODULES}.SpectrogramAugmentation",
    f"{MODULES}.ConformerEncoder",
    f"{MODULES}.RNNTDecoder",
    f"{MODULES}.RNNTJoint",
]
# and of other models of FastConformer's kind: with two decoders, or one of CTC; with several layers heard
ALIKE = [
    "nemo.collections.asr.models.EncDecRNNTBPEModel",
    "nemo.collections.asr.models.hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel",
    "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
    f"{MODULES}.ConvASRDecoder",
    "nemo.collections.speechlm2.models.salm.SALM",
    "nemo.collections.speechlm2.modules.perception.QformerConnector",
]
FOREIGN = [
    "os.system",
    "builtins.eval",
    "torch.optim.AdamW",
    "torch.hub.load",
    "nemo.utils.exp_manager.ExpManagerConfig",
    "nemo.collections.common.parts.utils.Popen",
    f"{MODULES}.conformer_encoder.os.system",  # what a module of NeMo has imported
    f"{MODULES}.conformer_encoder.torch.nn.Linear",
    f"{MODULES}.conformer_encoder.subprocess.Popen",
    f"{MODULES}.conformer_encoder.load",
    f"{MODULES}.ConformerEncoder.load",
    f"{MODULES}.ConformerEncoder\n",
    f"{MODULES}.ConformerEncoderX",
    "nemo.collections.speechlm2.modules.ear_tts_model.FileLock",  # classes that they have imported
    "nemo.collections.speechlm2.models.salm.PreTrainedModel",
    "nemo.collections.speechlm2.models.salm_asr_decoder.SequentialJsonlWriter",
    "nemo.collections.asr.models.rnnt_bpe_models_prompt.Trainer",
    "nemo.collections.asr.modules.conformer_encoder.DictConfig",
    "nemo.collections.asr.models.rnnt_bpe_models.DataLoader",
    "nemo.collections.speechlm2.models.ConformerEncoder",  # of another package
    f"x{MODULES}.ConformerEncoder",
    "${encoder.name}",
    None,
    7,
    ["os.system"],
    {"path": "os.system"},
]


@pytest.mark.parametrize("target", PUBLISHED + ALIKE)
@pytest.mark.parametrize("key", ["target", "_target_"])
def test_published_models_are_allowed(key, target):
    check_targets({"model": {"layers": [{key: target, "width": 8}]}}, "x.nemo")


@pytest.mark.parametrize("target", FOREIGN, ids=str)
@pytest.mark.parametrize("key", ["target", "_target_", "cls"])
def test_anything_else_is_refused_by_the_name_of_its_key(key, target):
    with pytest.raises(AmelaError, match=rf"^model\.layers\.0\.{key} names .* — x\.nemo — "):
        check_targets({"model": {"layers": [{key: target}]}}, "x.nemo")


@pytest.mark.slow
def test_a_class_that_is_allowed_is_nemos_own_wherever_it_is_named():
    """No module of these packages has imported another class by such a name, and each name is one of a class."""
    pytest.importorskip("nemo")
    for package in CLASSES:
        import_nemo(f"nemo.collections.{package}")
    import_nemo("nemo.collections.speechlm2.modules.perception")
    for package, names in CLASSES.items():
        prefix = f"nemo.collections.{package}"
        modules = [each for name, each in sys.modules.items() if f"{name}.".startswith(f"{prefix}.") and each]
        for name in names.split():
            named = [vars(module)[name] for module in modules if name in vars(module)]
            assert named and {each.__module__.startswith(f"{prefix}.") for each in named} == {True}, name


def test_references_are_allowed_and_what_is_computed_is_not():
    check_targets({"encoder": {"d_model": "${model_defaults.enc_hidden}", "say": "5 $ {a}: b"}}, "x")
    for computed in ("${oc.create:'{_target_: os.system}'}", "a ${oc.env:HOME} b", "${${a}.${b}:c}"):
        with pytest.raises(AmelaError, match=r"^encoder is computed: "):
            check_targets({"encoder": computed}, "x")


@pytest.mark.parametrize("check", [check_targets, check_no_code])
def test_code_that_comes_with_a_model_is_refused(check):
    check({"trust_remote_code": False, "llm": {"trust_remote_code": None}}, "x")
    for config, key in [
        ({"trust_remote_code": True}, "trust_remote_code"),
        ({"llm": {"trust_remote_code": "true"}}, r"llm\.trust_remote_code"),
        ({"llm": [{"auto_map": {"AutoConfig": "code.Config"}}]}, r"llm\.0\.auto_map"),
    ]:
        with pytest.raises(AmelaError, match=f"^{key} asks to run code"):
            check(config, "x")


def test_training_is_left_out_and_the_rest_stays():
    config = {
        "optimizer": {"_target_": "torch.optim.AdamW"},
        "train_ds": {"_target_": "mine.Dataset"},
        "init_from_checkpoint": "/other/weights.ckpt",
        "perception": {"optim": 1},
    }
    assert without_training(config) == {"perception": {"optim": 1}}
    assert len(config) == 4


def test_configurations_are_read_as_plain_values():
    assert parse_config('{"dither": 1e-05, "x": {"y": [1, null]}}', "x") == {"dither": 1e-5, "x": {"y": [1, None]}}
    assert parse_config("a: 1e-5\nb:\n  c: ${a}\n  d: true\n", "x") == {"a": 1e-5, "b": {"c": "${a}", "d": True}}


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.getcwd []",
        "a: !!python/name:os.system",
        "[1, 2]",
        "a: [1",
        "a: ${b",
    ],
)
def test_other_configurations_are_refused(text):
    with pytest.raises(AmelaError, match=r"no configuration of a model.* — x\.yaml"):
        parse_config(text, "x.yaml")


class Tied(torch.nn.Module):
    """Words are read and written by the same weights, as in a small Qwen."""

    def __init__(self):
        super().__init__()
        self.read = torch.nn.Embedding(5, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.write = torch.nn.Linear(3, 5, bias=False)
        self.write.weight = self.read.weight


def shapes(module, *without):
    return {name: tuple(t.shape) for name, t in module.state_dict().items() if name not in without}


def test_weights_that_are_all_there_pass_without_a_word(caplog):
    for without in ([], ["write.weight"], ["read.weight"], ["norm.num_batches_tracked"]):
        check_weights(shapes(Tied(), *without), Tied(), "x")
    assert not caplog.records


def test_weights_that_the_configuration_gives_need_not_be_there():
    spectrogram = torch.nn.Module()
    spectrogram.featurizer = torch.nn.Module()
    spectrogram.featurizer.register_buffer("fb", torch.ones(2))
    spectrogram.featurizer.register_buffer("window", torch.ones(2))
    check_weights({}, torch.nn.Sequential(spectrogram), "x")


@pytest.mark.parametrize("name", ["norm.weight", "norm.running_mean"])
def test_a_missing_weight_is_named(name):
    with pytest.raises(AmelaError, match=f"^lacks 1 weights of the model: {name} — x — "):
        check_weights(shapes(Tied(), name), Tied(), "x")


def test_tied_weights_must_be_there_once():
    with pytest.raises(AmelaError, match=r"lacks 2 weights of the model: read\.weight, write\.weight"):
        check_weights(shapes(Tied(), "read.weight", "write.weight"), Tied(), "x")


def test_equal_weights_are_not_tied_ones():
    """Of two layers with the same values each needs its own."""
    both = torch.nn.Sequential(torch.nn.LayerNorm(3), torch.nn.LayerNorm(3))
    with pytest.raises(AmelaError, match=r"lacks 2 weights of the model: 1\.weight, 1\.bias"):
        check_weights(shapes(both, "1.weight", "1.bias"), both, "x")


def test_a_weight_of_another_shape_is_refused():
    with pytest.raises(AmelaError, match=r"^norm\.bias is \(1,\), in the model \(3,\) — x$"):
        check_weights({**shapes(Tied()), "norm.bias": [1]}, Tied(), "x")


def test_surplus_weights_are_one_warning(caplog):
    with caplog.at_level(logging.WARNING):
        check_weights({**shapes(Tied()), **{f"extra.{i}": [1] for i in range(9)}}, Tied(), "x")
    assert [record.getMessage() for record in caplog.records] == [
        "x: 9 tensors that the model has no place for: extra.0, extra.1, extra.2, …"
    ]


def test_a_cpu_computes_with_one_thread(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = torch.get_num_threads()
    try:
        assert (prepare_device(), torch.get_num_threads()) == (CPU, 1)
    finally:
        torch.set_num_threads(before)


def test_precision_follows_the_device_unless_it_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert (dtype_of("auto", CPU), dtype_of("auto", CUDA)) == (torch.float32, torch.bfloat16)
    assert (dtype_of("bf16", CPU), dtype_of("fp32", CUDA)) == (torch.bfloat16, torch.float32)
    with pytest.raises(AmelaError, match=r"unknown precision 'fp16'; known: auto, fp32, bf16"):
        dtype_of("fp16", CPU)


def test_a_gpu_that_would_emulate_bfloat16_has_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert dtype_of("auto", CUDA) == torch.float32


@pytest.mark.parametrize(("gib", "seconds"), [(8, 160), (24, 160), (39.4, 320), (47.5, 320), (79.1, 640), (139.8, 640)])
def test_batches_follow_the_memory_of_a_gpu(monkeypatch, gib, seconds):
    properties = SimpleNamespace(total_memory=int(gib * 2**30))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    assert batch_budget(CUDA, on_cpu=7.0) == seconds
    assert (batch_budget(CPU), batch_budget(CPU, on_cpu=7.0)) == (0.0, 7.0)
