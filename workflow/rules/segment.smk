"""Segment: recordings to utterances of 16 kHz mono.

INPUTS   corpora/{corpus}/inventory
OUTPUTS  corpora/{corpus}/segment/shard-{shard}.jsonl, .rejected.jsonl, shard-{shard}/ (audio)
CONFIG   corpora.{corpus}.segment → segmentations.{name}; method vad: → vads.{name}
"""


def segmentation_of(wildcards):
    return config["segmentations"][config["corpora"][wildcards.corpus]["segment"]]


def segment_environment(wildcards):
    """A detector's own environment where cuts follow its speech, else the plain one."""
    segmentation = segmentation_of(wildcards)
    return detector_environment(segmentation["vad"]) if segmentation["method"] == "vad" else "audio"


def segment_settings(wildcards):
    segmentation = segmentation_of(wildcards)
    detector = config["vads"][segmentation["vad"]] if segmentation["method"] == "vad" else None
    return json.dumps({**segmentation, "vad": detector}, sort_keys=True)


def segment_code(wildcards):
    segmentation = segmentation_of(wildcards)
    detector = [detector_module(segmentation["vad"])] if segmentation["method"] == "vad" else []
    return code_digest("segment", *detector)


rule segment:
    input:
        inventory="<results>/corpora/{corpus}/inventory",
    output:
        utterances="<results>/corpora/{corpus}/segment/shard-{shard}.jsonl",
        rejected="<results>/corpora/{corpus}/segment/shard-{shard}.rejected.jsonl",
        audio=directory("<results>/corpora/{corpus}/segment/shard-{shard}"),
    log:
        "<logs>/segment/{corpus}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/segment/{corpus}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{segment_environment(wildcards)}.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1_000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        script=script("segment"),
        environment=segment_environment,
        segmentation=segment_settings,
        code=segment_code,
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --recordings {input.inventory:q}/shard-{wildcards.shard}.jsonl"
        " --segmentation {params.segmentation:q}"
        " --audio {output.audio:q} --output {output.utterances:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
