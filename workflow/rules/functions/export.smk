"""Input functions and parameters of the rules in export.smk and features.smk."""

from amela.export import UNIT_FORMATS


def exports_of(key):
    """Exports of what ``key`` names: codebook or encoder."""
    return [name for name, export in config["exports"].items() if key in export]


UNIT_EXPORTS = exports_of("codebook")
UPSTREAMS = [name for name in exports_of("encoder") if config["exports"][name]["format"] == "s3prl"]
FEATURE_EXPORTS = [name for name in exports_of("encoder") if name not in UPSTREAMS]


def exported(wildcards):
    """Every folder that the configuration asks for."""
    folders = [f"<results>/exports/{name}/s3prl" for name in UPSTREAMS]
    for name in (*UNIT_EXPORTS, *FEATURE_EXPORTS):
        folders += expand(f"<results>/exports/{name}/{{corpus}}", corpus=config["exports"][name]["corpora"])
    return folders


def export_format(wildcards):
    return config["exports"][wildcards.export]["format"]


def shard_folder(paths):
    """Folder of the shards: a thousand file names would not fit on a command line."""
    return os.path.dirname(paths[0])


def export_manifests(wildcards):
    return each_shard("<results>/corpora/{corpus}/manifest/shard-{shard}.jsonl", [wildcards.corpus])


def export_units(wildcards):
    return token_files(config["exports"][wildcards.export]["codebook"], [wildcards.corpus])


def export_environment(wildcards):
    return "export-torch" if export_format(wildcards) == "pt" else "export"


def export_module(wildcards):
    """Module that is loaded by string."""
    return UNIT_FORMATS[export_format(wildcards)].partition(":")[0]
