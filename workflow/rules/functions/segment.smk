"""Input functions and parameters of the rules in segment.smk."""

METHODS_THAT_USE = {
    "threshold": ["silence"],
    "min_silence": ["silence", "adaptive"],
    "seek_step": ["silence", "adaptive"],
    "vad": ["vad"],
}


def segmentation_of(wildcards):
    return config["segmentations"][config["corpora"][wildcards.corpus]["segment"]]


def segment_method(wildcards):
    return segmentation_of(wildcards)["method"]


def segment_environment(wildcards):
    """A detector's own environment where cuts follow its speech, else the plain one."""
    segmentation = segmentation_of(wildcards)
    return detector_environment(segmentation["vad"]) if segmentation["method"] == "vad" else "audio"


def segment_settings(wildcards):
    """What the method uses; null where only another one would, so that it does not matter."""
    segmentation = segmentation_of(wildcards)
    method = segmentation["method"]
    used = {key: value for key, value in segmentation.items() if method in METHODS_THAT_USE.get(key, [method])}
    if method == "vad":
        used["vad"] = detector(segmentation["vad"], "onset", "offset", "min_on", "min_off")
    return json.dumps({**dict.fromkeys(segmentation), **used}, sort_keys=True)


def segment_code(wildcards):
    segmentation = segmentation_of(wildcards)
    detector = [detector_module(segmentation["vad"])] if segmentation["method"] == "vad" else []
    return code_digest("segment", *detector)
