import math
from itertools import product

import numpy as np
import pytest
import torch

from amela.lm.batches import pad_batch
from amela.lm.data import frame_sequence
from amela.lm.model import LSTMLanguageModel


def logits(model, symbols):
    with torch.no_grad():
        return model.output(model(torch.tensor([symbols]))[0])[0]


def test_a_changed_token_leaves_all_logits_before_it(model):
    model.eval()
    symbols = [7, 0, 3, 2, 5, 1, 6, 4]
    before = logits(model, symbols)
    for t in range(1, len(symbols)):
        changed = list(symbols)
        changed[t] = (symbols[t] + 1) % 7
        after = logits(model, changed)
        assert torch.equal(after[:t], before[:t])
        assert not torch.equal(after[t], before[t])


def test_loss_of_a_padded_batch_is_that_of_its_sequences(model, sequences, device):
    model.eval()
    inputs_BT, targets_BT = pad_batch(sequences, 8, device)
    batch = model.nats(model(inputs_BT)[0], targets_BT)
    alone = [pad_batch([sequence], 8, device) for sequence in sequences]
    expected = torch.cat([model.nats(model(inputs)[0], targets) for inputs, targets in alone])
    assert len(batch) == sum(len(sequence) - 1 for sequence in sequences)
    torch.testing.assert_close(batch, expected, rtol=1e-5, atol=1e-6)


def test_gradients_ignore_padding(model, sequences, device):
    model.eval()

    def gradients(padding_columns):
        inputs, targets = pad_batch(sequences[:3], 8, device)
        more = torch.full((3, padding_columns), 8)
        model.zero_grad()
        hidden, _ = model(torch.cat([inputs, more], dim=1))
        model.nats(hidden, torch.cat([targets, more], dim=1)).mean().backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    for plain, padded in zip(gradients(0), gradients(9)):
        torch.testing.assert_close(plain, padded, rtol=1e-5, atol=1e-7)


def test_padding_symbol_cannot_be_predicted_and_the_end_can(model):
    assert model.output.out_features == 8  # tokens 0-6, and the end
    assert model.embedding.num_embeddings == 9
    assert model.embedding.weight[8].abs().sum() == 0


def test_probabilities_of_all_utterances_sum_to_one(make_settings):
    """Every utterance of up to 3 tokens, and the mass of what goes on beyond, by enumeration."""
    torch.manual_seed(1)
    model = LSTMLanguageModel(2, make_settings()).eval()
    total = 0.0
    for length in range(4):
        for tokens in product(range(2), repeat=length):
            framed = torch.from_numpy(frame_sequence(np.array(tokens), 2).astype(np.int64))[None]
            with torch.no_grad():
                log_p = -model.nats(model(framed[:, :-1])[0], framed[:, 1:]).double()
            # Of the longest, whatever follows counts: not the end alone.
            total += math.exp(log_p[:3].sum())
    assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_parameter_count_by_hand(make_settings, layers):
    model = LSTMLanguageModel(7, make_settings(layers=layers))
    lstm = sum(4 * 12 * (size + 12 + 2) for size in [8, 12][:layers])
    assert model.parameter_count() == 9 * 8 + lstm + 8 * (12 + 1)
