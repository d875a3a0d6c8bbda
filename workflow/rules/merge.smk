"""Merge: one complete table of a corpus, or an error that names what is missing.

INPUTS   every shard of the table's stages, with their ledgers (amela.io.stages says which files)
OUTPUTS  corpora/{corpus}/merged/{table}.jsonl, .rejected.jsonl, .coverage.json
CONFIG   corpora.{corpus}.shards, max_rejected
"""

from amela.io.stages import chain_files


def voice_source(voice):
    """Where the utterances come from that a recogniser transcribes."""
    return "manifest" if voice == "natural" else f"resynth/{voice}"


def units_of(section, name):
    return f"kmeans_assign/{config[section][name]['codebook']}"


# table → stages from where its items come to the table itself
CHAINS = {
    "manifest": ["inventory", "segment", "vad_infer", "vad", "manifest"],
    **{f"units-{codebook}": ["manifest", f"kmeans_assign/{codebook}"] for codebook in config["codebooks"]},
    **{f"motifs-{bpe}": [units_of("bpes", bpe), f"bpe_apply/{bpe}"] for bpe in config["bpes"]},
    **{f"resynth-{vocoder}": [units_of("vocoders", vocoder), f"resynth/{vocoder}"] for vocoder in config["vocoders"]},
    **{
        f"asr-{asr}-{voice}": [voice_source(voice), f"asr/{asr}/{voice}"]
        for asr in config["asrs"]
        for voice in NAMES["voice"]
    },
}


def merge_inputs(wildcards):
    """Every file that the proof reads."""
    outputs, ledgers = chain_files(CHAINS[wildcards.table], len(shards(wildcards.corpus)))
    return [f"<results>/corpora/{wildcards.corpus}/{name}" for name in outputs + ledgers]


def merge_inventory(wildcards):
    return f"<results>/corpora/{wildcards.corpus}/inventory" if CHAINS[wildcards.table][0] == "inventory" else []


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
        table="|".join(map(re.escape, CHAINS)),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2_000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=script("merge"),
        environment="tables",
        # The stages of a shard lie in the corpus' folder: thousands of names would not fit on a command line.
        corpus=lambda wildcards, output: os.path.dirname(os.path.dirname(output.table)),
        chain=lambda wildcards: CHAINS[wildcards.table],
        shards=lambda wildcards: len(shards(wildcards.corpus)),
        max_rejected=config["max_rejected"],
        code=code_digest("merge"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --corpus {params.corpus:q} --chain {params.chain:q} --shards {params.shards}"
        " --max-rejected {params.max_rejected}"
        " --output {output.table:q} --rejected {output.rejected:q} --coverage {output.coverage:q}"
        " > {log:q} 2>&1"
