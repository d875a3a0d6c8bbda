"""Input functions and parameters of the rules in inventory.smk."""


def inventoried_source(corpus):
    """What the inventory of the corpus was made of, if there is one: recordings may be archived after it."""
    summary = Path("results", "corpora", corpus, "inventory", "summary.json")
    return json.loads(summary.read_text("utf-8"))["source"] if summary.is_file() else None


for corpus, spec in config["corpora"].items():
    # Snakemake says nothing of a missing input whose output is there, made of another source.
    if not os.path.exists(spec["source"]) and spec["source"] != inventoried_source(corpus):
        raise WorkflowError(
            f"configuration: corpora.{corpus}.source: no such folder or table: {os.path.abspath(spec['source'])}"
            " (relative paths start at the working directory)"
        )


def inventory_table(wildcards):
    """The source if it is a table; a directory is a snapshot: new recordings are a new corpus."""
    source = config["corpora"][wildcards.corpus]["source"]
    return [] if os.path.isdir(source) else source
