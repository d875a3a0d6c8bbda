"""Input functions and parameters of the rules in resynth.smk."""


def resynth_units(wildcards):
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    return f"<results>/corpora/{wildcards.corpus}/units/{codebook}/shard-{wildcards.shard}.parquet"


def is_pretrained(vocoder):
    return config["vocoders"][vocoder]["backend"] in PRETRAINED


def resynth_model(wildcards):
    """What vocoder_train wrote, or the receipt of weights from elsewhere."""
    file = "checkpoint.json" if is_pretrained(wildcards.vocoder) else "vocoder.parquet"
    return f"<results>/models/vocoders/{wildcards.vocoder}/{file}"


def resynth_codebook(wildcards):
    """A pretrained vocoder is for one codebook; the others know theirs themselves."""
    return vocoder_codebook(wildcards) if is_pretrained(wildcards.vocoder) else []


def resynth_codebook_checkpoint(wildcards):
    """Receipt of the codebook, where it was not fitted here."""
    codebook = config["vocoders"][wildcards.vocoder]["codebook"]
    imported = is_pretrained(wildcards.vocoder) and config["codebooks"][codebook]["checkpoint"]
    return f"<results>/models/codebooks/{codebook}/checkpoint.json" if imported else []


def resynth_settings(wildcards):
    """JSON of the settings that change what is heard."""
    keys = ("speaker", "style", "durations") if is_pretrained(wildcards.vocoder) else ("iterations", "seed")
    return settings("vocoders", wildcards.vocoder, "backend", *keys)


def resynth_needs():
    """Resources of the rule, how to work among them."""
    cost = needs("resynth", hours_of_shard, lambda wildcards: backend_of("vocoders", wildcards.vocoder))
    return {**cost, **execution("vocoders", lambda wildcards: wildcards.vocoder, ("gpu", "batch_seconds"))}
