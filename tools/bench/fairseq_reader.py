"""The original way from speech to units, file by file, in an environment of its own (Python 3.9).

textlesslib's ``HubertFeatureReader`` where that is installed, else the same calls of fairseq. For
every line of standard input, {"clips": [WAV files], "units": "out.npz"}, it encodes the files, writes
their units and answers with the CPU seconds and the seconds that this took. The first line that it
writes says what it is.

Example
    .venv-fairseq/bin/python tools/bench/fairseq_reader.py model.pt 12 centroids.npy cpu
"""

import json
import os
import sys
import time
import wave

import numpy as np

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

import fairseq
import torch

try:
    from textless.data.hubert_feature_reader import HubertFeatureReader

    NAME = "textlesslib"
except ImportError:
    NAME = "fairseq"


class Reader:
    """What textlesslib does with fairseq's model (textless/data/hubert_feature_reader.py): shorter than its chunks."""

    def __init__(self, checkpoint, layer, device):
        models, _, task = fairseq.checkpoint_utils.load_model_ensemble_and_task([checkpoint])
        self.model = models[0].eval().requires_grad_(False).to(device)
        self.layer, self.device, self.normalize = layer, device, task.cfg.normalize

    @torch.inference_mode()
    def get_features(self, samples):
        samples = samples.to(self.device)
        if self.normalize:
            samples = torch.nn.functional.layer_norm(samples, samples.shape)
        features, _ = self.model.extract_features(
            source=samples.view(1, -1), padding_mask=None, mask=False, output_layer=self.layer
        )
        return features.squeeze(0).cpu()


def read(path):
    with wave.open(path) as audio:
        samples = np.frombuffer(audio.readframes(audio.getnframes()), dtype="<i2")
    return torch.from_numpy(samples.astype(np.float32) / 32768)


def main():
    checkpoint, layer, centroids, device = sys.argv[1:]
    torch.set_num_threads(1)
    if NAME == "textlesslib":
        reader = HubertFeatureReader(checkpoint, layer=int(layer)).to(device)
    else:
        reader = Reader(checkpoint, int(layer), device)
    centroids_KD = np.load(centroids)
    half_norms_K = 0.5 * np.square(centroids_KD).sum(axis=1)

    def units(path):
        return (half_norms_K - reader.get_features(read(path)).numpy() @ centroids_KD.T).argmin(axis=1)

    reader.get_features(torch.zeros(16_000))  # fails here, if at all: an old torch does not know a new GPU

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    answer(name=NAME, torch=torch.__version__)
    for line in sys.stdin:
        task = json.loads(line)
        cpu, wall = time.process_time(), time.perf_counter()
        found = [units(path) for path in task["clips"]]
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        np.savez(task["units"], *found)
        answer(cpu=cpu, wall=wall)


if __name__ == "__main__":
    main()
