"""Motifs: byte pair encoding learnt on units, applied to each shard, and the table of a corpus.

INPUTS   corpora/{corpus}/units/{codebook} of the corpora in fit_on
OUTPUTS  models/bpes/{bpe}/: bpe.model, bpe.json
         corpora/{corpus}/motifs/{bpe}/shard-{shard}.parquet, .occurrences.parquet, .rejected.jsonl
         corpora/{corpus}/motifs/{bpe}/: motifs.tsv, motifs.json
CONFIG   bpes.{bpe}: codebook, vocab_size, deduplicate, max_length, fit_on
"""


include: "functions/bpe.smk"


rule bpe_train:
    input:
        units=bpe_units,
    output:
        model="<results>/models/bpes/{bpe}/bpe.model",
        description="<results>/models/bpes/{bpe}/bpe.json",
    log:
        "<logs>/bpe_train/{bpe}.log",
    benchmark:
        "<benchmarks>/bpe_train/{bpe}.tsv"
    conda:
        "../envs/bpe.yaml"
    threads: 1
    resources:
        **needs("bpe_train", bpe_hours, memory_hours=bpe_hours_at_once),
    params:
        script=script("bpe_train"),
        environment="bpe",
        units=lambda wildcards, input: shard_folders("--units", config["bpes"][wildcards.bpe]["fit_on"], input.units),
        bpe=lambda wildcards: settings("bpes", wildcards.bpe, "vocab_size", "deduplicate", "max_length"),
        code=code_digest("bpe_train"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " {params.units:q}"
        " --bpe {params.bpe:q}"
        " --model {output.model:q} --description {output.description:q}"
        " > {log:q} 2>&1"


rule bpe_apply:
    input:
        units=bpe_shard,
        model="<results>/models/bpes/{bpe}/bpe.model",
        description="<results>/models/bpes/{bpe}/bpe.json",
    output:
        motifs="<results>/corpora/{corpus}/motifs/{bpe}/shard-{shard}.parquet",
        occurrences="<results>/corpora/{corpus}/motifs/{bpe}/shard-{shard}.occurrences.parquet",
        rejected="<results>/corpora/{corpus}/motifs/{bpe}/shard-{shard}.rejected.jsonl",
    log:
        "<logs>/bpe_apply/{corpus}/{bpe}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/bpe_apply/{corpus}/{bpe}/shard-{shard}.tsv"
    conda:
        "../envs/bpe.yaml"
    threads: 1
    resources:
        **needs("bpe_apply", hours_of_shard),
    params:
        script=script("bpe_apply"),
        environment="bpe",
        code=code_digest("bpe_apply"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --units {input.units:q} --model {input.model:q} --description {input.description:q}"
        " --output {output.motifs:q} --occurrences {output.occurrences:q} --rejected {output.rejected:q}"
        " > {log:q} 2>&1"


rule motifs:
    input:
        motifs=lambda wildcards: token_files(wildcards.bpe, [wildcards.corpus]),
        model="<results>/models/bpes/{bpe}/bpe.model",
        description="<results>/models/bpes/{bpe}/bpe.json",
    output:
        table="<results>/corpora/{corpus}/motifs/{bpe}/motifs.tsv",
        summary="<results>/corpora/{corpus}/motifs/{bpe}/motifs.json",
    log:
        "<logs>/motifs/{corpus}/{bpe}.log",
    benchmark:
        "<benchmarks>/motifs/{corpus}/{bpe}.tsv"
    conda:
        "../envs/bpe.yaml"
    threads: 1
    resources:
        **needs("motifs", hours_of_corpus),
    params:
        script=script("motifs"),
        environment="bpe",
        folder=lambda wildcards, output: os.path.dirname(output.table),
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        code=code_digest("motifs"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --motifs {params.folder:q} --shards {params.shards}"
        " --model {input.model:q} --description {input.description:q}"
        " --table {output.table:q} --summary {output.summary:q}"
        " > {log:q} 2>&1"
