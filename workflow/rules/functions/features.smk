"""Input functions and parameters of the rules in features.smk."""


def export_encoder(wildcards):
    return config["exports"][wildcards.export]["encoder"]


def export_normalizer(wildcards):
    encoder = export_encoder(wildcards)
    normalizer = f"<results>/corpora/{{corpus}}/encode/{encoder}/normalizer.parquet"
    return normalizer if is_normalized(encoder) else []


def features_environment(wildcards):
    """The encoder's environment, unless it lacks the torch that writes .pt."""
    environment = encoder_environment(export_encoder(wildcards))
    lacks_torch = environment == "encode-spectral" and export_format(wildcards) == "pt"
    return "export-torch" if lacks_torch else environment
