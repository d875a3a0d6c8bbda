"""Input functions and parameters of the rules in usage.smk."""

from snakemake.io import regex_from_filepattern


def usage_contents():
    """Where the benchmarks of this configuration's jobs lie, and the shards of its corpora, as JSON.

    Wildcards are constrained to configured names, so the patterns match nothing of older configurations.
    """
    folder = workflow.pathvars.get("benchmarks")
    patterns = {rule.name: os.path.relpath(rule.benchmark, folder) for rule in workflow.rules if rule.benchmark}
    return json.dumps(
        {
            "rules": {rule: regex_from_filepattern(pattern) for rule, pattern in patterns.items()},
            "shards": {name: corpus["shards"] for name, corpus in config["corpora"].items()},
        }
    )
