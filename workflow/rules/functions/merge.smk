"""Input functions and parameters of the rules in merge.smk."""

from amela.merge.stages import chain_files


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


def max_repeated(table):
    """The option that says how many transcripts may be the same: of tables of transcripts alone."""
    return ["--max-repeated", config["max_repeated"]] if table.startswith("asr-") else []


def merged_tables(wildcards):
    """Every merged table of every corpus."""
    return expand("<results>/corpora/{corpus}/merged/{table}.jsonl", corpus=config["corpora"], table=CHAINS)


def merge_inputs(wildcards):
    """Every file that the proof reads."""
    outputs, ledgers = chain_files(CHAINS[wildcards.table], len(shards(wildcards.corpus)))
    return [f"<results>/corpora/{wildcards.corpus}/{name}" for name in outputs + ledgers]


def merge_inventory(wildcards):
    return f"<results>/corpora/{wildcards.corpus}/inventory" if CHAINS[wildcards.table][0] == "inventory" else []
