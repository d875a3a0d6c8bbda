"""Input functions and parameters of the rules in encode.smk."""

from amela.encoders import BACKENDS as ENCODER_BACKENDS

ENCODER_ENVIRONMENTS = {"mfcc": "encode-spectral", "logmel": "encode-spectral"}


def encoder_backend(wildcards):
    return config["encoders"][wildcards.encoder]["backend"]


def encoder_environment(encoder):
    """Environment of an encoder's backend."""
    return ENCODER_ENVIRONMENTS[config["encoders"][encoder]["backend"]]


def encoder_module(encoder):
    """Module of an encoder's backend, which is loaded by string."""
    return ENCODER_BACKENDS[config["encoders"][encoder]["backend"]].partition(":")[0]


def is_normalized(encoder):
    return config["encoders"][encoder]["normalize"] != "none"


def sample_hours(wildcards):
    """Hours to sample from a shard: as many as the most demanding codebook takes from it."""
    wanted = [
        codebook["fit_hours"]
        for codebook in config["codebooks"].values()
        if codebook["encoder"] == wildcards.encoder and wildcards.corpus in codebook["fit_on"]
    ]
    return max(wanted, default=0) / len(shards(wildcards.corpus))
