"""Checkpoint: weights that others trained, on this machine and verified.

INPUTS   resources/checkpoints.tsv; files of a checkpoint that is a path; the network, for what is not here yet
OUTPUTS  models/{kind}/{name}/checkpoint.json; resources/checkpoints/NAME/ or the hub's cache
CONFIG   encoders, codebooks, vocoders, asrs: {name}.checkpoint
"""


include: "functions/checkpoint.smk"


# Runs where Snakemake runs: compute nodes of many clusters have no network, and no GPU should wait for one. Without a
# digest of its code: how a file comes here does not change what it is, and a new receipt makes everything anew.
rule checkpoint:
    input:
        files=checkpoint_files,
    output:
        receipt="<results>/models/{kind}/{name}/checkpoint.json",
    log:
        "<logs>/checkpoint/{kind}/{name}.log",
    wildcard_constraints:
        kind=names_of(CHECKPOINT_KINDS),
        name=names_of(sorted({name for kind in CHECKPOINT_KINDS for name in with_checkpoint(kind)})),
    localrule: True
    conda:
        "../envs/checkpoint.yaml"
    threads: 1
    resources:
        **needs("checkpoint", lambda wildcards: 0.0),
        local=1,  # a dry run does not say so: tools/steering
    params:
        script=script("checkpoint"),
        environment="checkpoint",
        checkpoint=configured_checkpoint,
        entry=checkpoint_entry,
        folder=os.path.join("resources", "checkpoints"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --checkpoint {params.checkpoint:q} --folder {params.folder:q} --output {output.receipt:q}"
        " > {log:q} 2>&1"


# snakemake checkpoints: everything that the configuration needs, fetched where there is a network.
rule checkpoints:
    input:
        needed_checkpoints(),
    localrule: True
