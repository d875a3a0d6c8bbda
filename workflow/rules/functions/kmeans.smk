"""Input functions and parameters of the rules in kmeans.smk."""

FIT_SETTINGS = ("k", "fit_hours", "batch", "max_epochs", "seed")


def codebook_encoder(wildcards):
    return config["codebooks"][wildcards.codebook]["encoder"]


def fit_corpora(wildcards):
    return config["codebooks"][wildcards.codebook]["fit_on"]


def fit_features(wildcards):
    encoder = codebook_encoder(wildcards)
    pattern = f"<results>/corpora/{{corpus}}/encode/{encoder}/shard-{{shard}}.features.parquet"
    return each_shard(pattern, fit_corpora(wildcards))


def fit_normalizers(wildcards):
    encoder = codebook_encoder(wildcards)
    pattern = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return expand(pattern, corpus=fit_corpora(wildcards)) if is_normalized(encoder) else []


def fit_memory(wildcards):
    """MB for the sample, held once, beside the file that is being read."""
    hours = config["codebooks"][wildcards.codebook]["fit_hours"] * len(fit_corpora(wildcards))
    return round(1_000 + 300 * hours)


def assign_normalizer(wildcards):
    encoder = codebook_encoder(wildcards)
    normalizer = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return normalizer if is_normalized(encoder) else []
