"""Input functions and parameters of the rules in asr.smk."""

from amela.asr import BACKENDS as RECOGNISERS

ASR_EXECUTION = ("gpu", "batch_seconds")  # settings of a recogniser that say how, not what


def asr_manifest(wildcards):
    stage = "manifest" if wildcards.voice == "natural" else f"resynth/{wildcards.voice}"
    return f"<results>/corpora/{wildcards.corpus}/{stage}/shard-{wildcards.shard}.jsonl"


def asr_audio(wildcards):
    """Folder of the files that the manifest names."""
    stage = "segment" if wildcards.voice == "natural" else f"resynth/{wildcards.voice}"
    return f"<results>/corpora/{wildcards.corpus}/{stage}/shard-{wildcards.shard}"


def asr_vad(wildcards):
    """Where speech is; nobody looks at what was resynthesised, whose durations may be others."""
    natural = wildcards.voice == "natural"
    return f"<results>/corpora/{wildcards.corpus}/vad/shard-{wildcards.shard}.jsonl" if natural else []


def asr_checkpoint(wildcards):
    """Receipt of a recogniser's weights, or nothing where it has none."""
    name = wildcards.asr
    return f"<results>/models/asrs/{name}/checkpoint.json" if "checkpoint" in config["asrs"][name] else []


def asr_settings(wildcards):
    """JSON of the settings that change what is written; a text of the manifest is of natural speech."""
    spec = config["asrs"][wildcards.asr]
    kept = {key: value for key, value in spec.items() if key not in ("checkpoint", *ASR_EXECUTION)}
    overwrite = spec["overwrite"] or wildcards.voice != "natural"
    return json.dumps({**kept, "overwrite": overwrite}, sort_keys=True)


def asr_environment(wildcards):
    return recogniser_of(wildcards).environment


def asr_module(wildcards):
    """Module that is loaded by string."""
    return recogniser_of(wildcards).module


def recogniser_of(wildcards):
    return RECOGNISERS[config["asrs"][wildcards.asr]["backend"]]


def asr_needs():
    """Resources of the rule, how to work among them."""
    cost = needs("asr", hours_of_shard, lambda wildcards: backend_of("asrs", wildcards.asr))
    return {**cost, **execution("asrs", lambda wildcards: wildcards.asr, ASR_EXECUTION)}


def asr_threads(wildcards):
    return GPU_THREADS if config["asrs"][wildcards.asr].get("gpu") else 1
