"""Export: the units of a corpus in formats of other tools.

INPUTS   corpora/{corpus}/manifest/, corpora/{corpus}/units/{codebook}/, every shard
OUTPUTS  exports/{export}/{corpus}/
CONFIG   exports.{export}: codebook, format, corpora, deduplicate
"""


include: "functions/export.smk"


rule export:
    input:
        manifests=export_manifests,
        units=export_units,
    output:
        folder=directory("<results>/exports/{export}/{corpus}"),
    log:
        "<logs>/export/{corpus}/{export}.log",
    benchmark:
        "<benchmarks>/export/{corpus}/{export}.tsv"
    wildcard_constraints:
        export=names_of(UNIT_EXPORTS),
    conda:
        lambda wildcards: f"../envs/{export_environment(wildcards)}.yaml"
    threads: 1
    resources:
        **needs("export", hours_of_corpus),
    params:
        script=script("export"),
        environment=export_environment,
        manifests=lambda wildcards, input: shard_folder(input.manifests),
        units=lambda wildcards, input: shard_folder(input.units),
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        export=lambda wildcards: settings("exports", wildcards.export, "format", "deduplicate"),
        max_rejected=config["max_rejected"],
        code=lambda wildcards: code_digest("export", export_module(wildcards)),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --corpus {wildcards.corpus:q} --manifests {params.manifests:q} --units {params.units:q}"
        " --shards {params.shards} --export {params.export:q} --max-rejected {params.max_rejected}"
        " --output {output.folder:q}"
        " > {log:q} 2>&1"
