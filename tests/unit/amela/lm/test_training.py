import math
import os
import signal

import numpy as np
import pytest
import torch

import amela.lm.training
from amela.errors import AmelaError
from amela.lm.checkpoint import ResumePoint
from amela.lm.data import frame_sequence
from amela.lm.score import sequence_nats
from amela.lm.training import Epoch, Training, learning_rate, train
from amela.training.interruption import Interrupted, SavePoints

VOCAB = 7


class Killed(BaseException):
    """What a signal does: no handler of ordinary errors sees it."""


@pytest.fixture
def run(tmp_path, sequences, processes):
    """Function that trains on ``sequences`` with a resume point in ``folder``."""

    def train_in(folder, settings, fingerprint="f"):
        with ResumePoint(tmp_path / folder / "model.pt", {"f": fingerprint}) as resume:
            return train(sequences[:15], sequences[15:], VOCAB, settings, resume, processes)

    return train_in


def kill_after(monkeypatch, epochs):
    """Make the training die just after it has saved its state ``epochs`` times."""
    save, count = ResumePoint.save, []

    def save_and_die(self, state):
        save(self, state)
        count.append(1)
        if len(count) == epochs:
            raise Killed

    monkeypatch.setattr(ResumePoint, "save", save_and_die)


def weights(training):
    return {key: value.tolist() for key, value in training.model.state_dict().items()}


@pytest.mark.parametrize("seed", range(6))
def test_interrupted_at_any_steps_equals_uninterrupted_bit_for_bit(run, make_settings, monkeypatch, seed):
    """Within epochs, within validation, several times: dropout and sums go on as if nothing had been."""
    settings, rng = make_settings(epochs=3), np.random.default_rng(seed)
    whole = run("whole", settings)
    check, passed, interruptions = SavePoints.check, [], 0

    def check_and_signal(self):
        passed.append(1)
        if rng.random() < 0.2:
            os.kill(os.getpid(), signal.SIGTERM if rng.random() < 0.5 else signal.SIGUSR1)
        check(self)

    monkeypatch.setattr(SavePoints, "check", check_and_signal)
    while True:
        try:
            resumed = run("interrupted", settings)
            break
        except Interrupted:
            interruptions += 1
    assert interruptions > 0
    assert resumed.history == whole.history
    assert weights(resumed) == weights(whole)


@pytest.mark.parametrize("epochs", [1, 3, 5])
def test_resumed_equals_uninterrupted_bit_for_bit(run, make_settings, monkeypatch, epochs):
    settings = make_settings(epochs=5)
    whole = run("whole", settings)
    with monkeypatch.context() as patch:
        kill_after(patch, epochs)
        with pytest.raises(Killed):
            run("killed", settings)
    resumed = run("killed", settings)
    assert resumed.history == whole.history
    assert weights(resumed) == weights(whole)


def test_resuming_does_not_repeat_finished_epochs(run, make_settings, monkeypatch):
    kill_after(monkeypatch, 3)
    with pytest.raises(Killed):
        run("killed", make_settings(epochs=5))
    monkeypatch.undo()
    started = []
    run_epoch = Epoch.run
    monkeypatch.setattr(Epoch, "run", lambda *args: started.append(1) or run_epoch(*args))
    run("killed", make_settings(epochs=5))
    assert len(started) == 2


def test_another_fingerprint_starts_anew(run, make_settings, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(Killed):
            run("killed", make_settings())
    # Its state would bring another seed's weights with it.
    assert run("killed", make_settings(seed=8), "g").history == run("fresh", make_settings(seed=8)).history


def test_a_torn_state_starts_anew(run, make_settings, tmp_path):
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / ".resume.pt").write_bytes(b"PK\x03\x04 cut short")
    assert run("torn", make_settings()).history == run("fresh", make_settings()).history


def test_seed_decides(run, make_settings):
    assert run("a", make_settings()).history == run("b", make_settings()).history
    assert run("c", make_settings(seed=4)).history != run("a", make_settings()).history


def test_model_has_the_best_epoch_not_the_last(run, make_settings, sequences, device):
    # At this rate the validation loss of 15 random sequences rises soon.
    training = run("a", make_settings(epochs=30, lr=0.05, patience=5))
    losses = [row["valid"] for row in training.history]
    assert training.best_epoch == losses.index(min(losses)) + 1 < len(losses)
    held_out = sequences[15:]
    nats = sequence_nats(training.model, held_out, device).sum() / sum(len(seq) - 1 for seq in held_out)
    assert nats == min(losses)


def history(*losses):
    return Training(None, None, {}, [{"epoch": epoch, "valid": loss} for epoch, loss in enumerate(losses, 1)])


def test_training_ends_after_patience_or_all_epochs(make_settings):
    settings = make_settings(epochs=6, patience=2)
    assert not history().finished(settings)
    assert not history(3.0, 2.0, 2.1).finished(settings)
    assert history(3.0, 2.0, 2.1, 2.0).finished(settings)  # an equal loss is no improvement
    assert not history(5.0, 4.0, 3.0, 2.0, 1.0).finished(settings)
    assert history(5.0, 4.0, 3.0, 2.0, 1.0, 0.5).finished(settings)


def test_learning_rate_warms_up_for_a_twentieth_and_ends_at_zero():
    rates = [learning_rate(step, 200, 0.01) for step in range(201)]
    assert rates[:10] == pytest.approx([0.001 * n for n in range(1, 11)])
    assert rates[10] == max(rates) == 0.01
    assert rates[105] == pytest.approx(0.005)  # half of the cosine
    assert all(later < earlier for earlier, later in zip(rates[10:], rates[11:]))
    assert rates[200] == pytest.approx(0.0)


def test_a_loss_that_is_no_number_ends_the_training(run, make_settings, monkeypatch):
    monkeypatch.setattr(amela.lm.training, "learning_rate", lambda *_: math.nan)
    with pytest.raises(AmelaError, match="epoch 1 .*lower lr"):
        run("a", make_settings())


def draw_chain(chain, rng):
    """Tokens of an absorbing chain that starts at 0 and ends at its last state."""
    tokens, end = [0], len(chain) - 1
    while tokens[-1] != end:
        tokens.append(int(rng.choice(end + 1, p=chain[tokens[-1]])))
    return tokens[:-1]


def test_learns_a_markov_chain_to_its_entropy(make_settings, tmp_path, device, processes):
    """Each of 5 symbols is followed by one of three, or by the end: the least possible loss is known."""
    rng = np.random.default_rng(0)
    chain = np.zeros((6, 6))
    chain[:, 5] = 1 / 30
    for symbol in range(5):
        chain[symbol, rng.permutation(5)[:3]] = np.array([0.7, 0.2, 0.1]) * 29 / 30
    framed = [frame_sequence(np.array(draw_chain(chain, rng)), 5) for _ in range(170)]
    settings = make_settings(hidden=16, layers=1, dropout=0.0, lr=0.03, batch=8, epochs=6)
    with ResumePoint(tmp_path / "m.pt", {}) as resume:
        training = train(framed[:120], framed[120:140], 5, settings, resume, processes)
    test = framed[140:]
    # Under the true chain: the first token is certain, everything after it costs -ln P.
    true = -sum(np.log(chain[seq[1:-1], seq[2:]]).sum() for seq in test)
    found = sequence_nats(training.model, test, device).sum()
    assert true < found < 1.05 * true


def test_global_generator_is_seeded_for_each_epoch(run, make_settings):
    """Dropout draws from it; whatever was drawn before must not matter."""
    first = run("a", make_settings()).history
    torch.manual_seed(99)
    assert run("b", make_settings()).history == first
