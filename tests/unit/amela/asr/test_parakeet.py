"""Mirrors workflow/scripts/amela/asr/parakeet.py."""

import numpy as np
import pytest
import soundfile as sf

from amela.asr import Transcript, load_recogniser
from amela.batches import in_halves
from amela.checkpoints.receipt import make_receipt
from amela.errors import AmelaError, DeviceFull

torch = pytest.importorskip("torch")
pytest.importorskip("nemo")
from tiny_hearing import CLIPS  # noqa: E402
from tiny_tdt import FRAME, save_tiny_tdt  # noqa: E402

from amela.asr.nemo_archive import NemoArchive  # noqa: E402
from amela.asr.parakeet import to_power_of_two, words_of  # noqa: E402

TEXTS = [text for _, text in CLIPS]
SILENCE = [np.zeros(n_samples, dtype=np.float32) for n_samples in (1_600, 40_000)]


def loaded(path, **options):
    return load_recogniser({"backend": "parakeet", **options}, make_receipt("tiny", [path]))


@pytest.fixture(scope="module")
def clips():
    return [sf.read(path, dtype="float32")[0] for path, _ in CLIPS]


@pytest.fixture(scope="module")
def unlearned_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tdt") / "tiny.nemo"
    save_tiny_tdt(path, CLIPS, steps=0)
    return path


@pytest.fixture(scope="module")
def unlearned(unlearned_file):
    """One that has learned nothing: it answers noise, but the same noise."""
    return loaded(unlearned_file)


@pytest.fixture(scope="module")
def recogniser(tiny_tdt):
    return loaded(tiny_tdt)


@pytest.fixture
def graphed(unlearned, monkeypatch):
    """It decodes as on a GPU, with a state that is made for a size of batch, but for the graphs themselves."""
    computer = unlearned._decoding.decoding.decoding_computer
    monkeypatch.setattr(computer, "cuda_graphs_mode", computer.CudaGraphsMode.NO_GRAPHS)
    monkeypatch.setattr(
        type(computer), "__call__", lambda self, x, out_len, **given: self.cuda_graphs_impl(x, out_len, **given)
    )
    monkeypatch.setattr(unlearned, "_decode", unlearned._decode_together)
    yield unlearned
    unlearned.forget_batches()


def test_words_have_the_frames_of_their_tokens():
    # "don't ask ." of ▁don ' t ▁ as k ▁.
    tokens = [(3, 2, 4), (1, 4, 4), (1, 5, 6), (0, 7, 9), (2, 9, 11), (1, 11, 12), (1, 12, 12)]
    assert words_of("don't ask.", tokens) == [("don't", 2, 6), ("ask.", 9, 12)]
    assert words_of("don't ask .", tokens) == [("don't", 2, 6), ("ask", 9, 12), (".", 12, 12)]
    assert words_of("", []) == words_of("", [(0, 3, 4)]) == []


def test_words_that_no_token_wrote_have_the_last_frames():
    assert words_of("one two", [(3, 0, 1)]) == [("one", 0, 1), ("two", 0, 1)]


def test_a_batch_of_one_is_a_batch_of_all(unlearned, clips):
    pieces = [*clips, clips[0][:1_600], clips[1][:9_009], np.concatenate(clips), *SILENCE]
    together = unlearned.transcribe(pieces)
    assert len({transcript.text for transcript in together}) > 4  # it does answer
    assert together == [transcript for piece in pieces for transcript in unlearned.transcribe([piece])]
    assert together == unlearned.transcribe(pieces[::-1])[::-1]
    for piece, transcript in zip(pieces, together):
        times = [time for word in transcript.words for time in (word.start, word.end)]
        assert times == sorted(times) and all(0 <= time <= len(piece) / 16_000 for time in times)
        assert [word.word for word in transcript.words] == transcript.text.split()


@pytest.mark.parametrize(("n", "size"), [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8), (257, 512)])
def test_empty_pieces_make_a_power_of_two(n, size):
    encoded_BDT, frames_B = torch.rand(n, 3, 2), torch.full((n,), 2)
    padded_BDT, padded_B = to_power_of_two(encoded_BDT, frames_B)
    assert torch.equal(padded_BDT[:n], encoded_BDT) and padded_BDT.shape == (size, 3, 2)
    assert padded_B.tolist() == n * [2] + (size - n) * [0]


def test_empty_pieces_change_no_answer(graphed, clips, monkeypatch):
    padded = graphed.transcribe(clips)
    graphed.forget_batches()
    monkeypatch.setattr(graphed, "_decode", graphed._hypotheses)
    assert padded == graphed.transcribe(clips)
    assert len(padded) == 5 and len({transcript.text for transcript in padded}) > 3  # it does answer


def test_growing_batches_are_of_few_sizes(graphed, clips, monkeypatch):
    """Each makes NeMo compile its decoder again."""
    made = []
    make = graphed._computer._graph_reinitialize
    monkeypatch.setattr(
        graphed._computer,
        "_graph_reinitialize",
        lambda encoded_BTD: made.append(len(encoded_BTD)) or make(encoded_BTD),
    )
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 3):
        graphed.transcribe(n * [clips[0][: 32_000 - 1_000 * n]])
    assert made == [1, 2, 4, 8, 16]


def test_after_a_batch_that_is_too_large_its_halves_are_transcribed(graphed, clips, monkeypatch):
    computer = graphed._computer
    predict, calls = computer.decoder.predict, []

    def full_once(*given, **options):
        calls.append(given)
        if len(calls) == 1:  # while the state of the batch is made
            raise torch.OutOfMemoryError("CUDA out of memory")
        return predict(*given, **options)

    expected = graphed.transcribe(clips)
    graphed.forget_batches()
    monkeypatch.setattr(computer.decoder, "predict", full_once)
    with pytest.raises(DeviceFull, match="a batch of 5 does not fit"):
        graphed.transcribe(clips)
    assert computer.state is None
    calls.clear()
    assert in_halves(graphed.transcribe, clips, "") == expected


def test_the_loss_that_a_model_was_trained_with_does_not_matter(tmp_path, clips):
    save_tiny_tdt(tmp_path / "tiny.nemo", CLIPS, steps=0, loss_name="tdt_pytorch")
    assert len(loaded(tmp_path / "tiny.nemo").transcribe(clips)) == len(clips)


def test_a_full_gpu_cannot_give_away_the_memory_of_a_graph(unlearned):
    """Only graphs of single steps keep all of theirs."""
    assert unlearned._computer.cuda_graphs_mode.value == "no_while_loops"
    assert not unlearned._computer.cuda_graphs_allow_fallback


def test_nothing_gives_nothing(unlearned):
    assert unlearned.transcribe([]) == []


def test_the_model_is_named_with_its_digest(unlearned):
    assert unlearned.model.startswith("tiny@") and len(unlearned.model) == len("tiny@") + 12


def test_what_was_said_and_when(recogniser, clips):
    transcripts = recogniser.transcribe(clips)
    assert [transcript.text for transcript in transcripts] == TEXTS
    for samples_N, transcript in zip(clips, transcripts):
        seconds = len(samples_N) / 16_000
        assert " ".join(word.word for word in transcript.words) == transcript.text
        # it has learned that letters follow one another at one pace from the beginning to the end
        letters = np.cumsum([0, *(1 + len(word.word) for word in transcript.words)])
        expected = seconds * letters[:-1] / letters[-1]
        assert np.abs([word.start for word in transcript.words] - expected).max() < 4 * FRAME
        assert 0 <= transcript.words[0].start < 0.3 and seconds - 0.5 < transcript.words[-1].end <= seconds


def test_the_company_of_a_piece_changes_nothing(recogniser, clips):
    pieces = [*clips, *SILENCE, clips[0][:1_600]]
    together = recogniser.transcribe(pieces)
    assert together == [transcript for piece in pieces for transcript in recogniser.transcribe([piece])]
    assert together == recogniser.transcribe(pieces[::-1])[::-1]
    assert together[:4] == recogniser.transcribe(pieces[:4])


def test_silence_before_a_clip_moves_its_words(recogniser, clips):
    frames = 2
    plain = recogniser.transcribe(clips)
    later = recogniser.transcribe([np.pad(samples_N, (round(frames * FRAME * 16_000), 0)) for samples_N in clips])
    assert [transcript.text for transcript in later] == TEXTS
    moved = [
        after.start - before.start for old, new in zip(plain, later) for before, after in zip(old.words, new.words)
    ]
    assert np.median(moved) == pytest.approx(frames * FRAME, abs=0.001)


def test_nothing_is_understood_in_silence(recogniser):
    assert recogniser.transcribe(SILENCE) == [Transcript("", [])] * len(SILENCE)


def test_bfloat16_understands_the_same(tiny_tdt, clips):
    assert [transcript.text for transcript in loaded(tiny_tdt, precision="bf16").transcribe(clips)] == TEXTS


def test_a_process_says_nothing_and_asks_no_network(tiny_tdt, in_a_process):
    """Nothing on the terminal but the transcript, and no socket is opened."""
    done = in_a_process("parakeet", {"tiny.nemo": tiny_tdt}, CLIPS[0][0])
    assert (done.returncode, done.stdout) == (0, TEXTS[0] + "\n"), done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"decoding": {"strategy": "greedy_batch"}, "model_defaults": {"enc_hidden": 64}}, "no TDT model"),
        ({"decoder": {"blank_as_pad": False}}, "its decoder takes no blanks"),
        (
            {"sample_rate": 8_000, "preprocessor": {"sample_rate": 8_000, "window_size": 0.05}},
            "the model hears 8000 Hz, not 16000",
        ),
    ],
)
def test_other_models_are_refused(unlearned_file, monkeypatch, changes, said):
    read = NemoArchive._checked_config

    def other(archive):
        config = read(archive)
        for key, value in changes.items():
            config[key] = {**config[key], **value} if key in ("preprocessor", "decoder") else value
        return config

    monkeypatch.setattr(NemoArchive, "_checked_config", other)
    with pytest.raises(AmelaError, match=said):
        loaded(unlearned_file)
