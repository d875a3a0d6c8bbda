"""Input functions and parameters of the rules in resynth.smk."""


def resynth_units(wildcards):
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    return f"<results>/corpora/{wildcards.corpus}/units/{codebook}/shard-{wildcards.shard}.parquet"
