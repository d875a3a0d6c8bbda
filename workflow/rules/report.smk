"""Report: what the run made, in one page that opens offline.

INPUTS   merged tables, VAD, units, motifs, models, scores
OUTPUTS  report.html, summary.tsv
CONFIG   report: examples
"""


include: "functions/report.smk"


rule report:
    input:
        merged_tables,
        report_inputs,
        template=os.path.relpath(Path(workflow.basedir, "report", "report.html.j2")),
        style=os.path.relpath(Path(workflow.basedir, "report", "style.css")),
    output:
        page="<results>/report.html",
        summary="<results>/summary.tsv",
    log:
        "<logs>/report/report.log",
    benchmark:
        "<benchmarks>/report/report.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        **needs("report", lambda wildcards: hours_of_corpora(config["corpora"])),
    params:
        script=script("report"),
        environment="report",
        contents=report_contents(),
        examples=config["report"]["examples"],
        results=lambda wildcards, output: os.path.dirname(output.page),
        code=code_digest("report"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --results {params.results:q} --contents {params.contents:q} --examples {params.examples}"
        " --page {output.page:q} --summary {output.summary:q}"
        " > {log:q} 2>&1"
