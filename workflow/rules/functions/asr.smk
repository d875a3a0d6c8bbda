"""Input functions and parameters of the rules in asr.smk."""

from amela.asr import BACKENDS as RECOGNISERS


def asr_manifest(wildcards):
    stage = "manifest" if wildcards.voice == "natural" else f"resynth/{wildcards.voice}"
    return f"<results>/corpora/{wildcards.corpus}/{stage}/shard-{wildcards.shard}.jsonl"


def asr_audio(wildcards):
    """Folder of the files that the manifest names."""
    stage = "segment" if wildcards.voice == "natural" else f"resynth/{wildcards.voice}"
    return f"<results>/corpora/{wildcards.corpus}/{stage}/shard-{wildcards.shard}"


def asr_backend(wildcards):
    return config["asrs"][wildcards.asr]["backend"]


def asr_environment(wildcards):
    return f"asr-{asr_backend(wildcards)}"


def asr_module(wildcards):
    """Module that is loaded by string."""
    return RECOGNISERS[asr_backend(wildcards)].partition(":")[0]
