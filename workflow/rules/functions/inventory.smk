"""Input functions and parameters of the rules in inventory.smk."""


def inventory_table(wildcards):
    """The source if it is a table; a directory is a snapshot: new recordings are a new corpus."""
    source = config["corpora"][wildcards.corpus]["source"]
    return [] if os.path.isdir(source) else source
