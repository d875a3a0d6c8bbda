"""Segment: recordings to utterances of 16 kHz mono.

INPUTS   corpora/{corpus}/inventory
OUTPUTS  corpora/{corpus}/segment/shard-{shard}.jsonl, .rejected.jsonl, shard-{shard}/ (audio)
CONFIG   corpora.{corpus}.segment → segmentations.{name}; method vad: → vads.{name}
"""


include: "functions/segment.smk"


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
        **needs("segment", hours_of_shard, segment_method),
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
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"
