"""Input functions and parameters of the rules in encode.smk."""

from amela.encoders import BACKENDS as ENCODER_BACKENDS

ENCODER_ENVIRONMENTS = {
    "mfcc": "encode-spectral",
    "logmel": "encode-spectral",
    "hf": "encode-transformers",
    "fairseq": "encode-transformers",
    "textless": "encode-textless",
}
EXECUTION = ("gpu", "batch_seconds", "compile")  # settings of an encoder that say how, not what
GPU_THREADS = 4  # decode audio beside a GPU


def encoder_cost(encoder):
    """Backend of an encoder as resources.py tells them apart: a GPU makes another one of it."""
    spec = config["encoders"][encoder]
    return f"{spec['backend']}-gpu" if spec.get("gpu") else spec["backend"]


def encoder_environment(encoder):
    """Environment of an encoder's backend."""
    return ENCODER_ENVIRONMENTS[config["encoders"][encoder]["backend"]]


def encoder_module(encoder):
    """Module of an encoder's backend, which is loaded by string."""
    return ENCODER_BACKENDS[config["encoders"][encoder]["backend"]].partition(":")[0]


def encoder_settings(encoder):
    """JSON of the settings that change what an encoder gives."""
    return settings("encoders", encoder, *(key for key in config["encoders"][encoder] if key not in EXECUTION))


def encoder_checkpoint(encoder):
    """Receipt of an encoder's weights, or nothing where it has none."""
    return f"<results>/models/encoders/{encoder}/checkpoint.json" if "checkpoint" in config["encoders"][encoder] else []


def encoder_needs(rule, encoder, memory_hours=None):
    """Resources of a rule that encodes shards; what says how to encode is among them, so that it makes nothing stale.

    ``encoder``: function of the wildcards.
    """

    def setting(key):
        return lambda wildcards: int(config["encoders"][encoder(wildcards)].get(key, 0))

    cost = needs(rule, hours_of_shard, lambda wildcards: encoder_cost(encoder(wildcards)), memory_hours)
    return {**cost, **{key: setting(key) for key in EXECUTION}}


def encoder_threads(encoder):
    return GPU_THREADS if config["encoders"][encoder].get("gpu") else 1


def is_normalized(encoder):
    return config["encoders"][encoder]["normalize"] != "none"


def sample_hours(wildcards):
    """Hours to sample from a shard: as many as the most demanding codebook takes from it."""
    wanted = [
        codebook["fit_hours"]
        for codebook in config["codebooks"].values()
        if codebook["encoder"] == wildcards.encoder
        and codebook["checkpoint"] is None
        and wildcards.corpus in codebook["fit_on"]
    ]
    return max(wanted, default=0) / len(shards(wildcards.corpus))
