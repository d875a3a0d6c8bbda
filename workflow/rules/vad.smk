"""Voice activity: a model's probabilities, then intervals and statistics at chosen thresholds.

INPUTS   corpora/{corpus}/segment/shard-{shard}.jsonl, shard-{shard}/
OUTPUTS  corpora/{corpus}/vad/: shard-{shard}.probabilities.parquet, .probabilities.rejected.jsonl (vad_infer);
         shard-{shard}.jsonl, .csv, .rttm, .rejected.jsonl (vad)
CONFIG   corpora.{corpus}.vad → vads.{name}
"""


include: "functions/vad.smk"


rule vad_infer:
    input:
        utterances="<results>/corpora/{corpus}/segment/shard-{shard}.jsonl",
        audio="<results>/corpora/{corpus}/segment/shard-{shard}",
    output:
        probabilities="<results>/corpora/{corpus}/vad/shard-{shard}.probabilities.parquet",
        rejected="<results>/corpora/{corpus}/vad/shard-{shard}.probabilities.rejected.jsonl",
    log:
        "<logs>/vad_infer/{corpus}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/vad_infer/{corpus}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{vad_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("vad_infer", hours_of_shard, vad_backend),
    params:
        script=script("vad_infer"),
        environment=vad_environment,
        # without thresholds: changing one does not run the model again
        detector=lambda wildcards: json.dumps(detector_settings(config["vads"][vad_of(wildcards)]), sort_keys=True),
        code=lambda wildcards: code_digest("vad_infer", detector_module(vad_of(wildcards))),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --utterances {input.utterances:q} --detector {params.detector:q}"
        " --output {output.probabilities:q} --rejected {output.rejected:q}"
        " --stage {resources.stage} --tmpdir {resources.tmpdir:q}"
        " > {log:q} 2>&1"


rule vad:
    input:
        utterances="<results>/corpora/{corpus}/segment/shard-{shard}.jsonl",
        probabilities="<results>/corpora/{corpus}/vad/shard-{shard}.probabilities.parquet",
        lost="<results>/corpora/{corpus}/vad/shard-{shard}.probabilities.rejected.jsonl",
    output:
        intervals="<results>/corpora/{corpus}/vad/shard-{shard}.jsonl",
        table="<results>/corpora/{corpus}/vad/shard-{shard}.csv",
        rttm="<results>/corpora/{corpus}/vad/shard-{shard}.rttm",
        rejected="<results>/corpora/{corpus}/vad/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/vad/{corpus}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/vad/{corpus}/shard-{shard}.tsv"
    conda:
        lambda wildcards: f"../envs/{vad_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("vad", hours_of_shard),
    params:
        script=script("vad"),
        environment=vad_environment,
        settings=lambda wildcards: json.dumps(
            detector(vad_of(wildcards), "onset", "offset", "min_on", "min_off", "padding"), sort_keys=True
        ),
        code=code_digest("vad"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --utterances {input.utterances:q} --probabilities {input.probabilities:q} --lost {input.lost:q}"
        " --settings {params.settings:q}"
        " --output {output.intervals:q} --table {output.table:q} --rttm {output.rttm:q}"
        " --rejected {output.rejected:q}"
        " > {log:q} 2>&1"
