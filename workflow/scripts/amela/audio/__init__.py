"""Audio of every kind, in and out."""

SAMPLE_RATE = 16_000  # Hz, of every utterance
