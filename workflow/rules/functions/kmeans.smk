"""Input functions and parameters of the rules in kmeans.smk."""

FIT_SETTINGS = ("k", "fit_hours", "batch", "max_epochs", "seed")


def codebook_encoder(wildcards):
    return config["codebooks"][wildcards.codebook]["encoder"]


def fitted_codebooks():
    """Names of the codebooks that are fitted here; others are imported."""
    return [name for name, codebook in config["codebooks"].items() if codebook["checkpoint"] is None]


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


def fit_hours(wildcards):
    """Hours of speech that the codebook is fitted on."""
    return hours_of_samples(fit_corpora(wildcards), config["codebooks"][wildcards.codebook]["fit_hours"])


def assign_normalizer(wildcards):
    encoder = codebook_encoder(wildcards)
    normalizer = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return normalizer if is_normalized(encoder) else []
