"""Vocoder: what the units of a codebook sound like.

INPUTS   models/codebooks/{codebook}; corpora/{corpus}/manifest, units/{codebook}, complete
         (merged), of the corpora in train_on; no corpus where the codebook itself can be heard
OUTPUTS  models/vocoders/{vocoder}/vocoder.parquet
CONFIG   vocoders.{vocoder}: codebook, backend, train_on, train_hours
"""

from amela.vocoder import BACKENDS as VOCODERS
from amela.vocoder import is_log_mel


def vocoder_environment(wildcards):
    return f"vocoder-{config['vocoders'][wildcards.vocoder]['backend']}"


def vocoder_module(wildcards):
    """Module that is loaded by string."""
    return VOCODERS[config["vocoders"][wildcards.vocoder]["backend"]].partition(":")[0]


def vocoder_encoder(wildcards):
    return codebook_encoder_of(config["vocoders"][wildcards.vocoder]["codebook"])


def codebook_encoder_of(codebook):
    return config["codebooks"][codebook]["encoder"]


def vocoder_corpora(wildcards):
    """Corpora whose speech is averaged; none where the codebook is heard as it is."""
    return (
        []
        if is_log_mel(config["encoders"][vocoder_encoder(wildcards)])
        else config["vocoders"][wildcards.vocoder]["train_on"]
    )


def vocoder_codebook(wildcards):
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    return f"<results>/models/codebooks/{codebook}/codebook.parquet"


def vocoder_manifests(wildcards):
    return each_shard("<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl", vocoder_corpora(wildcards))


def vocoder_audio(wildcards):
    return each_shard("<results>/corpora/{corpus}/segment/shard-{shard}", vocoder_corpora(wildcards))


def vocoder_units(wildcards):
    return token_files(config["vocoders"][wildcards.vocoder]["codebook"], vocoder_corpora(wildcards))


def vocoder_coverage(wildcards):
    """Merged tables of the units: proof that no shard lacks an utterance. Waited for, not read."""
    table = f"units-{config['vocoders'][wildcards.vocoder]['codebook']}"
    return [f"<results>/corpora/{corpus}/merged/{table}.jsonl" for corpus in vocoder_corpora(wildcards)]


def vocoder_arguments(wildcards, input):
    """Arguments --corpus MANIFESTS UNITS SHARDS, one for each corpus: file names would not fit on a command line."""
    manifests = dict.fromkeys(os.path.dirname(path) for path in input.manifests)
    units = dict.fromkeys(os.path.dirname(path) for path in input.units)
    counts = (str(len(shards(corpus))) for corpus in vocoder_corpora(wildcards))
    return [argument for corpus in zip(manifests, units, counts) for argument in ("--corpus", *corpus)]


rule vocoder_train:
    input:
        codebook=vocoder_codebook,
        manifests=vocoder_manifests,
        audio=vocoder_audio,
        units=vocoder_units,
        coverage=vocoder_coverage,
    output:
        vocoder="<results>/models/vocoders/{vocoder}/vocoder.parquet",
    log:
        "<logs>/vocoder_train/{vocoder}.log",
    benchmark:
        "<benchmarks>/vocoder_train/{vocoder}.tsv"
    conda:
        lambda wildcards: f"../envs/{vocoder_environment(wildcards)}.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2_000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        script=script("vocoder_train"),
        environment=vocoder_environment,
        encoder=lambda wildcards: settings("encoders", vocoder_encoder(wildcards)),
        vocoder=lambda wildcards: settings("vocoders", wildcards.vocoder, "train_hours"),
        corpora=vocoder_arguments,
        code=code_digest("vocoder_train"),
    shell:
        "python {params.script:q} --environment {params.environment:q}"
        " --codebook {input.codebook:q} --encoder {params.encoder:q} --vocoder {params.vocoder:q}"
        " {params.corpora:q}"
        " --output {output.vocoder:q}"
        " > {log:q} 2>&1"
