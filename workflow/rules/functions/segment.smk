"""Input functions and parameters of the rules in segment.smk."""


def segmentation_of(wildcards):
    return config["segmentations"][config["corpora"][wildcards.corpus]["segment"]]


def segment_environment(wildcards):
    """A detector's own environment where cuts follow its speech, else the plain one."""
    segmentation = segmentation_of(wildcards)
    return detector_environment(segmentation["vad"]) if segmentation["method"] == "vad" else "audio"


def segment_settings(wildcards):
    segmentation = segmentation_of(wildcards)
    detector = config["vads"][segmentation["vad"]] if segmentation["method"] == "vad" else None
    return json.dumps({**segmentation, "vad": detector}, sort_keys=True)


def segment_code(wildcards):
    segmentation = segmentation_of(wildcards)
    detector = [detector_module(segmentation["vad"])] if segmentation["method"] == "vad" else []
    return code_digest("segment", *detector)
