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


def encoder_environment(encoder):
    """Environment of an encoder's backend."""
    return ENCODER_ENVIRONMENTS[config["encoders"][encoder]["backend"]]


def encoder_module(encoder):
    """Module of an encoder's backend, which is loaded by string."""
    return ENCODER_BACKENDS[config["encoders"][encoder]["backend"]].partition(":")[0]


def encoder_settings(encoder):
    """JSON of the settings that change what an encoder gives; of its weights the receipt tells."""
    not_settings = ("checkpoint", *EXECUTION)
    return settings("encoders", encoder, *(key for key in config["encoders"][encoder] if key not in not_settings))


def encoder_checkpoint(encoder):
    """Receipt of an encoder's weights, or nothing where it has none."""
    return f"<results>/models/encoders/{encoder}/checkpoint.json" if "checkpoint" in config["encoders"][encoder] else []


def encoder_needs(name, encoder, hours=hours_of_shard, memory_hours=None):
    """Resources of jobs that encode speech. ``encoder``: function of the wildcards."""
    cost = needs(
        name,
        hours,
        lambda wildcards: backend_of("encoders", encoder(wildcards)),
        memory_hours,
        lambda wildcards: weights_mb(encoder(wildcards)),
    )
    return {**cost, **execution("encoders", encoder, EXECUTION)}


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
