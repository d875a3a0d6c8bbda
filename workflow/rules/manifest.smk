"""Manifest: utterances with their share of speech, inside the corpus' limits.

INPUTS   corpora/{corpus}/segment/shard-{shard}.jsonl; corpora/{corpus}/vad/shard-{shard}.jsonl and both ledgers
OUTPUTS  corpora/{corpus}/manifest/shard-{shard}.jsonl, .rejected.jsonl
CONFIG   corpora.{corpus}: min_duration, max_duration, min_speech
"""


rule manifest:
    input:
        utterances="<results>/corpora/{corpus}/segment/shard-{shard}.jsonl",
        speech="<results>/corpora/{corpus}/vad/shard-{shard}.jsonl",
        lost=[
            "<results>/corpora/{corpus}/vad/shard-{shard}.probabilities.rejected.jsonl",
            "<results>/corpora/{corpus}/vad/shard-{shard}.rejected.jsonl",
        ],
    output:
        manifest="<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl",
        rejected="<results>/corpora/{corpus}/manifest/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/manifest/{corpus}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/manifest/{corpus}/shard-{shard}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        **needs("manifest", hours_of_shard),
    params:
        script=script("manifest"),
        environment="audio",
        limits=lambda wildcards: settings("corpora", wildcards.corpus, "min_duration", "max_duration", "min_speech"),
        code=code_digest("manifest"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --utterances {input.utterances:q} --speech {input.speech:q} --lost {input.lost:q}"
        " --limits {params.limits:q}"
        " --output {output.manifest:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
