"""Inventory: which recordings a corpus has, in shards of about the same duration.

INPUTS   the corpus' source: a directory (a snapshot, not watched) or a table (watched)
OUTPUTS  corpora/{corpus}/inventory/: shard-{shard}.jsonl, rejected.jsonl, summary.json
CONFIG   corpora.{corpus}: source, include, exclude, shards
"""


include: "functions/inventory.smk"


rule inventory:
    input:
        table=inventory_table,
    output:
        inventory=directory("<results>/corpora/{corpus}/inventory"),
    log:
        "<logs>/inventory/{corpus}.log",
    benchmark:
        "<benchmarks>/inventory/{corpus}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        **needs("inventory", hours_of_corpus),
    params:
        script=script("inventory"),
        environment="audio",
        corpus=lambda wildcards: settings("corpora", wildcards.corpus, "source", "include", "exclude", "shards"),
        code=code_digest("inventory"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --corpus {params.corpus:q}"
        " --output {output.inventory:q}"
        " > {log:q} 2>&1"
