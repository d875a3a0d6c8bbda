"""Input functions and parameters of the rule in codebook_import.smk."""


def imported_codebooks():
    """Pattern of the names of the codebooks that others fitted."""
    return "|".join(map(re.escape, with_checkpoint("codebooks"))) or "$^"
