"""Parakeet: NeMo's transducers that also say how long each token lasts (TDT), and so when each word is said.

Fast, with capitals and punctuation; version 3 in 25 languages of Europe, which it finds out by itself.
Source of the method: Xu et al., Efficient Sequence Transduction by Jointly Predicting Tokens and
Durations, ICML 2023.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from amela.asr import Outcome, Transcript, Word
from amela.asr.nemo import batch_budget, dtype_of, prepare_device
from amela.asr.nemo_archive import NemoArchive
from amela.audio import SAMPLE_RATE
from amela.device import within_memory
from amela.errors import AmelaError

if TYPE_CHECKING:
    from amela.checkpoints.receipt import Receipt

MAX_SYMBOLS = 10  # tokens that one frame may have, where the model does not say: as the published ones do


class Parakeet:
    """See ``amela.asr.Recogniser``."""

    def __init__(self, checkpoint: Receipt, max_seconds: float = 120.0, precision: str = "auto") -> None:
        """Load the model.

        Args:
            checkpoint: one .nemo file of a TDT model, such as ``nvidia/parakeet-tdt-0.6b-v3`` has.
            max_seconds: longer audio is cut before.
            precision: fp32, bf16, or auto: bf16 on a GPU that has it, else fp32.

        Raises:
            AmelaError: the file is damaged, is no such model, or would have foreign code run.
        """
        self.model = f"{checkpoint.name}@{checkpoint.sha256[:12]}"
        self.device = prepare_device()
        self.max_seconds = max_seconds
        self.batch_seconds = batch_budget(self.device)
        self._dtype = dtype_of(precision, self.device)
        model = load_tdt(checkpoint)
        self._preprocessor = model.preprocessor.to(self.device)  # float32: bfloat16 has too few digits for a spectrum
        self._encoder = model.encoder.to(self.device, self._dtype)
        model.decoder.to(self.device, self._dtype)
        model.joint.to(self.device, self._dtype)
        self._decoding = model.decoding
        # In NeMo's CUDA graph of the whole loop PyTorch takes the memory of temporary values for free, and gives it
        # away when a GPU is full; in graphs of the loop's steps they keep it.
        self._computer.force_cuda_graphs_mode("no_while_loops")
        self._frame_seconds = model.cfg.preprocessor.window_stride * model.encoder.subsampling_factor

    def transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        """See ``amela.asr.Recogniser.transcribe``.

        NeMo's own ``transcribe`` pads what is shorter than a second at both ends, which moves
        its words; nothing is padded here but the ends of a batch, which the model leaves out.
        """
        return within_memory(self._transcribe, batch, self.device) if len(batch) else []

    def _transcribe(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        try:
            return self._understand(batch)
        except RuntimeError:
            self.forget_batches()  # before the memory is emptied, which does not free what a graph still holds
            raise

    def forget_batches(self) -> None:
        """Free what NeMo keeps of the batches before for those to come, also where a full memory left it half made."""
        self._computer.reset_cuda_graphs_state()

    @property
    def _computer(self) -> Any:
        """NeMo's loop over frames and tokens."""
        return self._decoding.decoding.decoding_computer

    @torch.inference_mode()
    def _understand(self, batch: Sequence[np.ndarray]) -> List[Outcome]:
        lengths_B = torch.tensor([len(samples_N) for samples_N in batch], device=self.device)
        samples_BN = pad_sequence([torch.from_numpy(samples_N) for samples_N in batch], batch_first=True)
        mels_BMT, frames_B = self._preprocessor(input_signal=samples_BN.to(self.device), length=lengths_B)
        encoded_BDT, frames_B = self._encoder(audio_signal=mels_BMT.to(self._dtype), length=frames_B)
        found = self._decode(encoded_BDT, frames_B)
        return [self._transcript(each, len(samples_N)) for each, samples_N in zip(found, batch)]

    def _decode(self, encoded_BDT: torch.Tensor, frames_B: torch.Tensor) -> List[Any]:
        """NeMo's hypotheses. On a CPU its 3.0.0 gives the tokens of a batch the durations of one another
        (github.com/NVIDIA-NeMo/Speech/issues/16097): there each piece is decoded alone."""
        if self.device.type == "cuda":
            return self._decode_together(encoded_BDT, frames_B)
        pieces = [(encoded_BDT[[i], :, :n], frames_B[[i]]) for i, n in enumerate(frames_B.tolist())]
        return [self._hypotheses(*piece)[0] for piece in pieces]

    def _decode_together(self, encoded_BDT: torch.Tensor, frames_B: torch.Tensor) -> List[Any]:
        """NeMo compiles its decoder again for every batch of more pieces than any before it, and with the longest
        first almost every batch is: with empty ones up to a power of two there are few sizes."""
        return self._hypotheses(*to_power_of_two(encoded_BDT, frames_B))[: len(frames_B)]

    def _hypotheses(self, encoded_BDT: torch.Tensor, frames_B: torch.Tensor) -> List[Any]:
        return self._decoding.rnnt_decoder_predictions_tensor(encoded_BDT, frames_B, return_hypotheses=True)

    def _transcript(self, hypothesis: Any, n_samples: int) -> Transcript:
        """Text and words; the last word of a piece may last beyond its end and is cut there."""
        text = " ".join(hypothesis.text.split())
        last = 1000 * n_samples // SAMPLE_RATE / 1000  # whole milliseconds, none of them beyond the end
        tokens = [
            (sum(map(len, each["char"][0].split())), each["start_offset"], each["end_offset"])
            for each in hypothesis.timestamp["char"]
        ]

        def time(frame: int) -> float:
            return min(round(frame * self._frame_seconds, 3), last)

        return Transcript(text, [Word(word, time(start), time(end)) for word, start, end in words_of(text, tokens)])


def to_power_of_two(encoded_BDT: torch.Tensor, frames_B: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """A batch with pieces of no frames at its end, so that its size is a power of two.

    Args:
        encoded_BDT: what the encoder made of B pieces.
        frames_B: how many frames each has.
    """
    empty = (1 << (len(frames_B) - 1).bit_length()) - len(frames_B)
    return torch.nn.functional.pad(encoded_BDT, (0, 0, 0, 0, 0, empty)), torch.nn.functional.pad(frames_B, (0, empty))


def words_of(text: str, tokens: Sequence[Tuple[int, int, int]]) -> List[Tuple[str, int, int]]:
    """Words of a text and the frames of the first and of the last token that each has a character of.

    NeMo's own words are not those of its text: a space that is a token makes an empty one.

    Args:
        tokens: of each how many characters it writes, spaces left out, its first frame and the one after it.
    """
    if not tokens:
        return []
    written_L = np.cumsum([n_characters for n_characters, _, _ in tokens])
    found, before = [], 0
    for word in text.split():
        first = np.searchsorted(written_L, before, side="right")
        before += len(word)
        last = np.searchsorted(written_L, before)
        first, last = (min(int(index), len(tokens) - 1) for index in (first, last))
        found.append((word, tokens[first][1], tokens[last][2]))
    return found


def load_tdt(checkpoint: Receipt) -> Any:
    """NeMo's model, every weight of it from the checkpoint, on the CPU, which decodes greedily and gives times.

    Raises:
        AmelaError: as ``Parakeet``.
    """
    path = checkpoint.only_file()
    with NemoArchive(path) as archive:
        archive.config["decoding"] = _greedy(archive.config, path)
        model = archive.restore()
    if model.preprocessor._sample_rate != SAMPLE_RATE:
        raise AmelaError(f"the model hears {model.preprocessor._sample_rate} Hz, not {SAMPLE_RATE}", path)
    model.preprocessor.featurizer.pad_to = 0
    return model.eval()


def _greedy(config: Mapping[str, Any], where: object) -> Dict[str, Any]:
    """How to decode: the likeliest token and its duration, frame by frame. Raises AmelaError if it cannot be."""
    decoding = config.get("decoding") or {}
    durations = decoding.get("durations") or config.get("model_defaults", {}).get("tdt_durations")
    if not durations:
        raise AmelaError("no TDT model: it has no durations of tokens", where, "use another backend, or parakeet-tdt")
    if not (config.get("decoder") or {}).get("blank_as_pad", True):
        raise AmelaError("its decoder takes no blanks (blank_as_pad: false): NeMo has no batches of such", where)
    most = (decoding.get("greedy") or {}).get("max_symbols") or MAX_SYMBOLS
    return {
        "strategy": "greedy_batch",
        "model_type": "tdt",
        "durations": durations,
        "greedy": {"max_symbols": most},
        "compute_timestamps": True,
        "rnnt_timestamp_type": "char",  # of tokens; those of words would cost more than the model
    }
