"""Usage: what the run cost, job by job, and what to change; the last job of a run.

INPUTS   report.html (so that every other job is done); benchmarks, logs and SLURM's accounting
OUTPUTS  usage.html, usage.tsv
CONFIG   corpora: shards
"""


include: "functions/usage.smk"


# Runs where Snakemake runs: compute nodes of some clusters have no sacct.
rule usage:
    input:
        report="<results>/report.html",
        template=os.path.relpath(Path(workflow.basedir, "report", "usage.html.j2")),
        style=os.path.relpath(Path(workflow.basedir, "report", "style.css")),
    output:
        page="<results>/usage.html",
        table="<results>/usage.tsv",
    log:
        "<logs>/usage/usage.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        **needs("usage", lambda wildcards: hours_of_corpora(config["corpora"])),
        local=1,  # a dry run does not say so: tools/steering
    params:
        script=script("usage"),
        environment="report",
        contents=usage_contents(),
        results=lambda wildcards, output: os.path.dirname(output.page),
        benchmarks=workflow.pathvars.get("benchmarks"),
        logs=workflow.pathvars.get("logs"),
        code=code_digest("usage"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --results {params.results:q} --benchmarks {params.benchmarks:q} --logs {params.logs:q}"
        " --contents {params.contents:q} --page {output.page:q} --table {output.table:q}"
        " > {log:q} 2>&1"
