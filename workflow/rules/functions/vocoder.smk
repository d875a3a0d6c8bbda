"""Input functions and parameters of the rules in vocoder.smk."""

from amela.vocoder import BACKENDS as VOCODERS
from amela.vocoder import PRETRAINED, is_log_mel

VOCODER_ENVIRONMENTS = {
    "griffinlim": "vocoder-griffinlim",
    "codehifigan": "vocoder-codehifigan",
    "textless": "encode-textless",  # one environment for the original encoder and vocoder
}


def trained_vocoders():
    """Names of the vocoders that are trained here."""
    return [name for name, vocoder in config["vocoders"].items() if vocoder["backend"] not in PRETRAINED]


def vocoder_backend(wildcards):
    return config["vocoders"][wildcards.vocoder]["backend"]


def vocoder_environment(wildcards):
    return VOCODER_ENVIRONMENTS[vocoder_backend(wildcards)]


def vocoder_module(wildcards):
    """Module that is loaded by string."""
    return VOCODERS[vocoder_backend(wildcards)].partition(":")[0]


def vocoder_encoder(wildcards):
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    return config["codebooks"][codebook]["encoder"]


def vocoder_corpora(wildcards):
    """Corpora whose speech is averaged; none where the codebook is heard as it is."""
    return (
        []
        if is_log_mel(config["encoders"][vocoder_encoder(wildcards)])
        else config["vocoders"][wildcards.vocoder]["train_on"]
    )


def vocoder_hours(wildcards):
    """Hours of speech that are averaged."""
    return hours_of_samples(vocoder_corpora(wildcards), config["vocoders"][wildcards.vocoder]["train_hours"])


def vocoder_codebook(wildcards):
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    return f"<results>/models/codebooks/{codebook}/codebook.parquet"


def vocoder_manifests(wildcards):
    return each_shard("<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl", vocoder_corpora(wildcards))


def vocoder_audio(wildcards):
    return each_shard("<results>/corpora/{corpus}/segment/shard-{shard}", vocoder_corpora(wildcards))


def vocoder_units(wildcards):
    return token_files(config["vocoders"][wildcards.vocoder]["codebook"], vocoder_corpora(wildcards))


def vocoder_arguments(wildcards, input):
    """Arguments --corpus MANIFESTS UNITS SHARDS, one for each corpus."""
    return shard_folders("--corpus", vocoder_corpora(wildcards), input.manifests, input.units)
