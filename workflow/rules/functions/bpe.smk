"""Input functions and parameters of the rules in bpe.smk."""


def bpe_units(wildcards):
    """Every shard of units that motifs are learnt on."""
    bpe = config["bpes"][wildcards.bpe]
    return token_files(bpe["codebook"], bpe["fit_on"])


def bpe_hours(wildcards):
    return hours_of_corpora(config["bpes"][wildcards.bpe]["fit_on"])


def bpe_hours_at_once(wildcards):
    """Hours of speech whose units are in memory: of more than 10^8, so many at 100 a second, a sample is drawn."""
    return min(bpe_hours(wildcards), 10**8 / 100 / 3600)


def bpe_shard(wildcards):
    """The units of one shard."""
    codebook = config["bpes"][wildcards.bpe]["codebook"]
    return f"<results>/corpora/{wildcards.corpus}/units/{codebook}/shard-{wildcards.shard}.parquet"
