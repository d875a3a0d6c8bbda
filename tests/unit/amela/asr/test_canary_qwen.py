"""Mirrors workflow/scripts/amela/asr/canary_qwen.py."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from amela.asr import Transcript, load_recogniser
from amela.checkpoints.receipt import Receipt
from amela.errors import AmelaError, DeviceFull, Rejected

torch = pytest.importorskip("torch")
pytest.importorskip("nemo")
from safetensors.torch import load_file, save_file  # noqa: E402
from tiny_hearing import CLIPS  # noqa: E402
from tiny_salm import save_tiny_salm  # noqa: E402

from amela.asr import canary_qwen  # noqa: E402
from amela.asr.canary_qwen import allowance, load_salm  # noqa: E402

TEXTS = [text for _, text in CLIPS]
SILENCE = [np.zeros(n_samples, dtype=np.float32) for n_samples in (1_600, 40_000)]


def receipt_of(folder):
    files = {str(path.relative_to(folder)): path for path in Path(folder).rglob("*") if path.is_file()}
    return Receipt("tiny", "1a2b3c4d5e6f" + 52 * "0", files)


def loaded(folder, **options):
    return load_recogniser({"backend": "canary-qwen", **options}, receipt_of(folder))


def copy(folder, to, **changed):
    """A folder with links to the files of another one, and JSON files that are changed: config={…}."""
    for path in folder.rglob("*"):
        link = to / path.relative_to(folder)
        if path.is_file() and link not in [to / f"{name}.json" for name in changed]:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    for name, keys in changed.items():
        values = json.loads((folder / f"{name}.json").read_text("utf-8"))
        (to / f"{name}.json").write_text(json.dumps({**values, **keys}), "utf-8")
    return to


def with_weights(folder, to, change):
    """A folder with other weights."""
    copy(folder, to, config={})
    weights = load_file(folder / "model.safetensors")
    change(weights)
    (to / "model.safetensors").unlink()
    save_file(weights, to / "model.safetensors")
    return to


@pytest.fixture(scope="module")
def clips():
    return [sf.read(path, dtype="float32")[0] for path, _ in CLIPS]


@pytest.fixture(scope="module")
def unlearned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("salm")
    save_tiny_salm(folder, CLIPS, steps=0)
    return folder


@pytest.fixture(scope="module")
def endless(tmp_path_factory, unlearned):
    """One that has learned nothing and never says that it is done."""
    end = json.loads((unlearned / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]["<|im_end|>"]
    name = "llm.base_model.model.lm_head.weight"

    def never(weights):
        weights[name][end] = 0.0  # some other token is above zero

    return loaded(with_weights(unlearned, tmp_path_factory.mktemp("endless"), never))


@pytest.fixture(scope="module")
def recogniser(tiny_salm):
    return loaded(tiny_salm)


HEARD = {"encoder": {}, "modality_adapter": {}}
SALM = {
    "pretrained_llm": "Qwen/Qwen3-1.7B",
    "prompt_format": "qwen",
    "audio_locator_tag": "<|a|>",
    "perception": {**HEARD, "preprocessor": {}},
}


@pytest.fixture
def written(tmp_path):
    """Function (file, content …) → a receipt of files as a SALM's folder has them, none of which is loaded."""

    def make(**changed):
        files = {
            "config": SALM,
            "tokenizer_config": {},
            "tokenizer": {},
            "llm_backbone/config": {"model_type": "qwen3"},
        }
        (tmp_path / "llm_backbone").mkdir()
        for name, content in {**files, **changed}.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
        save_file({}, tmp_path / "model.safetensors")
        return receipt_of(tmp_path)

    return make


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config": {"perception": {"encoder": {"_target_": "os.system"}}}}, r"perception\.encoder\._target_ names"),
        ({"config": {"trust_remote_code": True}}, "trust_remote_code asks to run code"),
        ({"llm_backbone/config": {"auto_map": {"AutoConfig": "x.Y"}}}, r"auto_map asks .*llm_backbone/config\.json"),
        ({"tokenizer_config": {"auto_map": {}}}, r"auto_map asks .*tokenizer_config\.json"),
        ({"config": {"model_type": "hubert"}}, "no configuration of a SALM: it lacks perception, pretrained_llm, "),
        ({"config": {**SALM, "perception": HEARD}}, r"a SALM: it lacks perception\.preprocessor — .*config\.json"),
        ({"config": {**SALM, "perception": {**HEARD, "preprocessor": None}}}, r"it lacks perception\.preprocessor — "),
        ({"config": {**SALM, "perception": "x"}}, r"it lacks perception\.preprocessor, perception\.encoder, "),
    ],
)
def test_what_must_not_run_is_refused_before_nemo_sees_it(written, monkeypatch, changed, message):
    monkeypatch.setattr(canary_qwen, "import_nemo", lambda module: pytest.fail("NeMo was imported"))
    with pytest.raises(AmelaError, match=message):
        load_salm(written(**changed))


def test_a_folder_that_is_not_whole_is_refused(written):
    receipt = written()
    for name in ("llm_backbone/config.json", "tokenizer.json"):
        receipt.files.pop(name)
    with pytest.raises(AmelaError, match=r"no folder of canary-qwen: it lacks llm_backbone/config.json, tokenizer.js"):
        load_salm(receipt)


def test_files_that_are_something_else_are_refused(written, tmp_path):
    receipt = written()
    (tmp_path / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(AmelaError, match=r"no file of safetensors: .* — fetch it again"):
        load_salm(receipt)
    (tmp_path / "tokenizer_config.json").write_text("<html>", "utf-8")
    with pytest.raises(AmelaError, match=r"no JSON: .*tokenizer_config\.json"):
        load_salm(receipt)


def test_an_answer_may_have_16_tokens_and_12_a_second():
    assert [allowance(n_samples) for n_samples in (1_600, 16_000, 16_001, 640_000)] == [18, 28, 29, 496]


@pytest.mark.slow
def test_it_transcribes_what_it_has_learned_in_any_batch(recogniser, clips):
    expected = [Transcript(text, None) for text in TEXTS]
    assert recogniser.transcribe(clips) == expected
    assert recogniser.transcribe(clips[::-1]) == expected[::-1]
    assert [recogniser.transcribe([clip])[0] for clip in clips] == expected
    assert recogniser.transcribe(clips[:4]) + recogniser.transcribe(clips[4:]) == expected


@pytest.mark.slow
def test_it_says_what_it_is(recogniser):
    assert recogniser.model == "tiny@1a2b3c4d5e6f"
    assert (recogniser.max_seconds, recogniser.batch_seconds > 0) == (40.0, True)


@pytest.mark.slow
def test_bfloat16_understands_the_same_with_an_exact_spectrogram(tiny_salm, clips):
    recogniser = loaded(tiny_salm, precision="bf16")
    assert [transcript.text for transcript in recogniser.transcribe(clips)] == TEXTS
    perception = recogniser._salm.perception
    assert {weight.dtype for weight in recogniser._salm.parameters()} == {torch.bfloat16}
    assert perception.preprocessor.featurizer.fb.dtype == torch.float32


@pytest.mark.slow
def test_adapters_become_part_of_the_weights(tiny_salm, recogniser):
    """Merged, the language model answers as with its adapters, which do something."""
    adapted = load_salm(receipt_of(tiny_salm)).llm
    inputs_1TD = torch.randn(1, 12, adapted.config.hidden_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        merged = recogniser._salm.llm(inputs_embeds=inputs_1TD).logits
        torch.testing.assert_close(adapted(inputs_embeds=inputs_1TD).logits, merged, rtol=1e-4, atol=1e-4)
        with adapted.disable_adapter():
            assert (adapted(inputs_embeds=inputs_1TD).logits - merged).abs().max() > 0.1


@pytest.mark.slow
def test_something_is_said_of_silence(recogniser):
    alone = [recogniser.transcribe([samples_N])[0] for samples_N in SILENCE]
    assert [str(each) for each in recogniser.transcribe(SILENCE)] == [str(each) for each in alone]
    assert all(isinstance(each, (Transcript, Rejected)) for each in alone)


@pytest.mark.slow
def test_an_answer_without_an_end_is_rejected_by_the_piece_s_own_length(endless):
    noise_N = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    pieces = [noise_N[:8_000], noise_N]
    reasons = [str(each) for each in endless.transcribe(pieces)]
    assert [str(endless.transcribe([piece])[0]) for piece in pieces] == reasons
    for reason, most in zip(reasons, (22, 40)):
        assert reason.startswith(f"no end of the transcript: a hallucination — {most} tokens: '")
    assert isinstance(endless.transcribe(pieces)[0], Rejected)


@pytest.mark.slow
def test_a_longer_piece_in_the_batch_allows_no_longer_answer(recogniser, clips, monkeypatch):
    monkeypatch.setattr(canary_qwen, "FIRST_TOKENS", 0)
    monkeypatch.setattr(canary_qwen, "TOKENS_PER_SECOND", 1)  # 2 tokens a clip, 10 for the long one
    long = np.pad(clips[1], (0, 10 * 16_000 - len(clips[1])))
    for batch in (clips[:1], [clips[0], long]):
        assert str(recogniser.transcribe(batch)[0]).startswith(
            "no end of the transcript: a hallucination — 3 tokens: '"
        )


@pytest.mark.slow
def test_a_shorter_piece_in_the_batch_ends_no_longer_answer(recogniser, clips, monkeypatch):
    monkeypatch.setattr(canary_qwen, "FIRST_TOKENS", 0)  # leaves the silence 2 tokens
    understood = recogniser.transcribe([SILENCE[0], clips[0]])
    assert str(understood[0]).startswith("no end of the transcript: a hallucination — 2 tokens: '")
    assert understood[1] == Transcript(TEXTS[0])


@pytest.mark.slow
def test_another_prompt_is_asked(tiny_salm, monkeypatch, clips):
    recogniser = loaded(tiny_salm, prompt="Write down:")
    asked = []
    generate = recogniser._salm.generate

    def listen(prompts, **given):
        asked.extend(prompts)
        return generate(prompts=prompts, **given)

    monkeypatch.setattr(recogniser._salm, "generate", listen)
    recogniser.transcribe(clips[:1])
    assert asked == [[{"role": "user", "content": "Write down: <|audioplaceholder|>"}]]


@pytest.mark.slow
def test_a_prompt_with_the_tag_of_the_speech_is_refused(unlearned):
    with pytest.raises(AmelaError, match=r"the prompt has <\|audioplaceholder\|>, which stands .* — leave it out"):
        loaded(unlearned, prompt="Write <|audioplaceholder|> down:")


@pytest.mark.slow
def test_a_batch_that_is_too_large_is_said_to_be(recogniser, clips, monkeypatch):
    def full(**given):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(recogniser._salm, "generate", full)
    with pytest.raises(DeviceFull, match="a batch of 5 does not fit"):
        recogniser.transcribe(clips)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["perception.encoder.layers.1.norm_out.weight", "embed_tokens.weight"])
def test_a_missing_weight_is_an_error_and_not_a_random_one(unlearned, tmp_path, name):
    folder = with_weights(unlearned, tmp_path, lambda weights: weights.pop(name))
    with pytest.raises(AmelaError, match=rf"^lacks 1 weights of the model: {name} — .*model\.safetensors"):
        load_salm(receipt_of(folder))


@pytest.mark.slow
def test_a_weight_of_another_shape_is_an_error(unlearned, tmp_path):
    folder = with_weights(unlearned, tmp_path, lambda weights: weights.update({"perception.proj.bias": torch.ones(3)}))
    with pytest.raises(AmelaError, match=r"^size mismatch for perception\.proj\.bias: .*torch\.Size\(\[3\]\)"):
        load_salm(receipt_of(folder))


@pytest.mark.slow
def test_tied_embeddings_are_in_the_file_once(tmp_path, caplog):
    save_tiny_salm(tmp_path, CLIPS, steps=0, tied=True)
    names = set(load_file(tmp_path / "model.safetensors"))
    assert len(names & {"embed_tokens.weight", "llm.base_model.model.lm_head.weight"}) == 1
    with caplog.at_level(logging.WARNING, logger="asr"):
        salm = load_salm(receipt_of(tmp_path))
    assert salm.embed_tokens.weight.data_ptr() == salm.llm.base_model.model.lm_head.weight.data_ptr()
    assert not caplog.records


@pytest.mark.slow
def test_weights_of_other_files_are_not_looked_for(unlearned, tmp_path):
    others = {"init_from_checkpoint": "/nowhere.ckpt", "pretrained_s2s_model": "/nowhere", "pretrained_llm": "no/where"}
    ours = load_salm(receipt_of(unlearned)).state_dict()
    theirs = load_salm(receipt_of(copy(unlearned, tmp_path, config=others))).state_dict()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in ours.items())


@pytest.mark.slow
def test_a_process_says_nothing_and_asks_no_network(tiny_salm, in_a_process):
    """Nothing on the terminal but the transcript, and no socket is opened."""
    done = in_a_process("canary-qwen", receipt_of(tiny_salm).files, CLIPS[0][0])
    assert (done.returncode, done.stdout) == (0, TEXTS[0] + "\n"), done.stderr
    assert done.stderr == ""
