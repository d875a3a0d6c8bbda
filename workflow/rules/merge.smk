"""Merge: one complete table of a corpus, or an error that names what is missing.

INPUTS   every shard of the table's stages, with their ledgers (amela.merge.stages says which files)
OUTPUTS  corpora/{corpus}/merged/{table}.jsonl, .rejected.jsonl, .coverage.json
CONFIG   corpora.{corpus}.shards, max_rejected; of transcripts max_repeated
"""


include: "functions/merge.smk"


rule merge:
    input:
        shards=merge_inputs,
        inventory=merge_inventory,
    output:
        table="<results>/corpora/{corpus}/merged/{table}.jsonl",
        rejected="<results>/corpora/{corpus}/merged/{table}.rejected.jsonl",
        coverage="<results>/corpora/{corpus}/merged/{table}.coverage.json",
    log:
        "<logs>/merge/{corpus}/{table}.log",
    benchmark:
        "<benchmarks>/merge/{corpus}/{table}.tsv"
    wildcard_constraints:
        table=names_of(CHAINS),
    priority: 1  # a gap is told before hours go into what follows
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **needs("merge", hours_of_corpus),
    params:
        script=script("merge"),
        environment="tables",
        # The stages of a shard lie in the corpus' folder: thousands of names would not fit on a command line.
        corpus=lambda wildcards, output: os.path.dirname(os.path.dirname(output.table)),
        chain=lambda wildcards: CHAINS[wildcards.table],
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        max_rejected=config["max_rejected"],
        max_repeated=lambda wildcards: max_repeated(wildcards.table),
        code=code_digest("merge"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --corpus {params.corpus:q} --chain {params.chain:q} --shards {params.shards}"
        " --max-rejected {params.max_rejected} {params.max_repeated:q}"
        " --output {output.table:q} --rejected {output.rejected:q} --coverage {output.coverage:q}"
        " > {log:q} 2>&1"
