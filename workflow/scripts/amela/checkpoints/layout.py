"""Which files of a folder, or of a repository of the hub, are the model in it.

Standard library only: the Snakefile imports this module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional

from amela.errors import AmelaError

PATH_LIKE = ("/", "./", "../", "~")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # of a model as the hub has them; the first that there is
CONFIGURATIONS = ("config.json", "preprocessor_config.json", "processor_config.json")
ARCHIVE = ".nemo"  # how NeMo's archives end: configuration, tokenizer and weights in one file
# Of a speech model around a language model, as NeMo lays it out: that model's configuration in a folder, its
# tokenizer beside the speech model's config.json.
BACKBONE = "llm_backbone"
BACKBONE_FILES = ("config.json", "generation_config.json")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
)
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")  # of a language model


def files_in(folder: Path) -> List[str]:
    """Files of a folder and of the backbone's folder in it, by their names relative to the first."""
    found = [path for place in (folder, folder / BACKBONE) if place.is_dir() for path in place.iterdir()]
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def chosen(names: Iterable[str], folder: Path) -> List[str]:
    """The names that are a model, of those in a folder or repository; none if no model is whole.

    A speech model around a language model: its weights, configuration, and what it has of the
    language model's. Anything else with an archive of NeMo's: the archive. Or else weights and
    configuration as the hub has them.

    Args:
        folder: where config.json is, if there is one.

    Raises:
        AmelaError: there are several archives, or config.json asks for what is not done.
    """
    present = sorted(names)
    model = model_files(present)
    if language_model(folder) is not None:
        own = [*(f"{BACKBONE}/{name}" for name in BACKBONE_FILES), *TOKENIZER_FILES]
        missing = lacking(present)
        return [*model, *(name for name in own if name in present and name not in missing)] if model else []
    archives = [name for name in present if name.endswith(ARCHIVE) and "/" not in name]
    if len(archives) > 1:
        raise AmelaError(f"{len(archives)} archives: {', '.join(archives)}", folder, "name the path of one of them")
    return archives or model


def model_files(names: Iterable[str]) -> List[str]:
    """Of the files of a folder or repository, those of a model as the hub has them; none if they are not whole."""
    present = set(names)
    weights = [name for name in WEIGHTS if name in present][:1]
    if not weights or "config.json" not in present:
        return []
    return [*(name for name in CONFIGURATIONS if name in present), *weights]


def language_model(folder: Path) -> Optional[str]:
    """What the config.json of a speech model says it is built around: a hub id, or a path; None: it is no such model.

    Raises:
        AmelaError: it asks for code that comes with a model to be run.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # for those to judge who read it as what it is
        return None
    name = config.get("pretrained_llm") if isinstance(config, dict) else None
    if not isinstance(name, str):
        return None
    if config.get("trust_remote_code"):
        raise AmelaError(
            "asks to run code that comes with a model, which is never done", path, "take out trust_remote_code"
        )
    return name


def lacking(names: Iterable[str]) -> Dict[str, str]:
    """What a speech model lacks of its language model's files: name here → name there.

    The configuration, or the tokenizer, or both: each comes whole from one place.
    """
    present = set(names)
    configuration = {f"{BACKBONE}/{name}": name for name in BACKBONE_FILES}
    tokenizer = {name: name for name in TOKENIZER_FILES}
    groups = (configuration, tokenizer)
    return {
        here: there
        for group in groups
        if not {here for here, there in group.items() if there in NEEDED} <= present
        for here, there in group.items()
    }


def borrowed(names: Iterable[str], folder: Path) -> Dict[str, Path]:
    """Of the files that ``lacking`` names, those in the folder of the language model: name here → path there."""
    wanted = {here: folder / there for here, there in lacking(names).items()}
    return {here: path for here, path in wanted.items() if path.is_file()}


def local_language_model(folder: Path) -> Optional[Path]:
    """Folder of the language model, where a folder on this machine names one by a path; relative ones begin there."""
    name = language_model(folder)
    return folder / Path(name).expanduser() if name is not None and name.startswith(PATH_LIKE) else None


def incomplete(files: Mapping[str, Path]) -> List[str]:
    """Names that a speech model around a language model still lacks; none for any other checkpoint."""
    config = files.get("config.json")
    if config is None or language_model(config.parent) is None:
        return []
    return sorted(here for here, there in lacking(files).items() if there in NEEDED)
