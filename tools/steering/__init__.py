"""What beside the workflow looks at its runs: status, rescue, plan. Standard library, PyYAML, no Snakemake imported."""
