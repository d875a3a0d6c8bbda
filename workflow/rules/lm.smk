"""Language models: an LSTM for each point of a grid, its held-out scores, the best point.

INPUTS   corpora/{corpus}/units/{codebook} or motifs/{bpe}, and manifest, of the training corpora
OUTPUTS  models/lms/{lm}/{point}/: model.pt, history.tsv, training.json, score.json
         models/lms/{lm}/: summary.tsv, best.json
CONFIG   lms.{lm}; {point} is a combination of its grid
"""


include: "functions/lm.smk"


rule lm_train:
    input:
        tokens=lm_tokens,
        manifests=lm_manifests,
    output:
        model="<results>/models/lms/{lm}/{point}/model.pt",
        history="<results>/models/lms/{lm}/{point}/history.tsv",
        training="<results>/models/lms/{lm}/{point}/training.json",
    log:
        "<logs>/lm_train/{lm}/{point}.log",
    benchmark:
        "<benchmarks>/lm_train/{lm}/{point}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: lm_processes
    resources:
        **needs("lm_train", lm_training_hours, memory_hours=lm_hours, gpu=lm_gpus, copies=lm_processes),
        slurm_extra="'--signal=TERM@120'",  # s before the time limit: it saves its state and the next attempt goes on
        nodes=lm_nodes,
        mpi=only_on_several_nodes(lambda wildcards: "srun"),
        tasks=only_on_several_nodes(lm_gpus),
        tasks_per_gpu=only_on_several_nodes(lambda wildcards: 0),
    params:
        script=script("lm_train"),
        environment="lm",
        corpora=lm_corpora,
        settings=lm_settings,
        code=code_digest("lm_train"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " {params.corpora:q}"
        " --settings {params.settings:q}"
        " --model {output.model:q} --history {output.history:q} --training {output.training:q}"
        " --gpus {resources.gpu} --nodes {resources.nodes}"
        " > {log:q} 2>&1"


rule lm_score:
    input:
        model="<results>/models/lms/{lm}/{point}/model.pt",
        tokens=lm_tokens,
        manifests=lm_manifests,
    output:
        score="<results>/models/lms/{lm}/{point}/score.json",
    log:
        "<logs>/lm_score/{lm}/{point}.log",
    benchmark:
        "<benchmarks>/lm_score/{lm}/{point}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: 1
    resources:
        **needs("lm_score", lm_hours),
    params:
        script=script("lm_score"),
        environment="lm",
        corpora=lm_corpora,
        code=code_digest("lm_score"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " {params.corpora:q}"
        " --model {input.model:q} --output {output.score:q}"
        " > {log:q} 2>&1"


rule lm_select:
    input:
        training=lambda wildcards: expand(
            "<results>/models/lms/{lm}/{point}/training.json", lm=wildcards.lm, point=POINTS[wildcards.lm]
        ),
        scores=lambda wildcards: expand(
            "<results>/models/lms/{lm}/{point}/score.json", lm=wildcards.lm, point=POINTS[wildcards.lm]
        ),
    output:
        summary="<results>/models/lms/{lm}/summary.tsv",
        best="<results>/models/lms/{lm}/best.json",
    log:
        "<logs>/lm_select/{lm}.log",
    benchmark:
        "<benchmarks>/lm_select/{lm}.tsv"
    conda:
        "../envs/lm.yaml"
    threads: 1
    resources:
        **needs("lm_select", lm_hours),
    params:
        script=script("lm_select"),
        environment="lm",
        points=lm_points,
        code=code_digest("lm_select"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " {params.points:q}"
        " --summary {output.summary:q} --best {output.best:q}"
        " > {log:q} 2>&1"
