"""Input functions and parameters of the rules in vad.smk."""

from amela.vad import BACKENDS, detector_settings


def detector_environment(name):
    """Environment of an entry of ``vads``: each backend has its own."""
    return f"vad-{config['vads'][name]['backend']}"


def detector_module(name):
    """Module of the backend of an entry of ``vads``, for ``code_digest``."""
    return BACKENDS[config["vads"][name]["backend"]].partition(":")[0]


def detector(name, *thresholds):
    """What the model of an entry of ``vads`` depends on, and the thresholds that are applied to it."""
    spec = config["vads"][name]
    return {**detector_settings(spec), **{key: spec[key] for key in thresholds}}


def vad_of(wildcards):
    return config["corpora"][wildcards.corpus]["vad"]


def vad_backend(wildcards):
    return config["vads"][vad_of(wildcards)]["backend"]


def vad_environment(wildcards):
    return detector_environment(vad_of(wildcards))
