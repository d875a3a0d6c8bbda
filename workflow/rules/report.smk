"""Report: what the run made, in one page that opens offline.

INPUTS   merged tables, VAD, units, motifs, models, scores
OUTPUTS  report.html, summary.tsv
CONFIG   report: examples
"""


def report_contents():
    """The names whose results the report shows, as JSON."""
    return json.dumps(
        {
            "corpora": {name: corpus["shards"] for name, corpus in config["corpora"].items()},
            **{section: list(config[section]) for section in ("codebooks", "bpes", "vocoders", "asrs")},
            "lms": {lm: list(points) for lm, points in POINTS.items()},
        }
    )


def report_inputs(wildcards):
    names = {key: list(values) for key, values in NAMES.items()}
    corpora = config["corpora"]
    return [
        *each_shard("<results>/corpora/{corpus}/vad/shard-{shard}.jsonl", corpora),
        *(path for codebook in names["codebook"] for path in token_files(codebook, corpora)),
        *expand("<results>/corpora/{corpus}/motifs/{bpe}/motifs.tsv", **names),
        *expand("<results>/corpora/{corpus}/asr/{asr}/{voice}/score.json", **names),
        *expand("<results>/models/lms/{lm}/best.json", **names),
    ]


rule report:
    input:
        merged_tables,
        report_inputs,
        template=os.path.relpath(Path(workflow.basedir, "report", "report.html.j2")),
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
        mem_mb=4_000,
        runtime=60,
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
