"""The configuration: inheritance, schema, defaults, references. Used by rules/common.smk.

Mistakes raise ``ConfigurationError`` with one line each, naming the key and what is allowed.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

SCHEMAS = Path(__file__).resolve().parent / "schemas"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where there is one: every start reads the schemas

# section → {key: sections whose names it may hold}; the graph of named things
PARENTS: Dict[str, Dict[str, Tuple[str, ...]]] = {
    "corpora": {"segment": ("segmentations",), "vad": ("vads",)},
    "segmentations": {"vad": ("vads",)},
    "codebooks": {"encoder": ("encoders",), "fit_on": ("corpora",)},
    "bpes": {"codebook": ("codebooks",), "fit_on": ("corpora",)},
    "vocoders": {"codebook": ("codebooks",), "train_on": ("corpora",)},
    "lms": {"tokens": ("codebooks", "bpes"), "train_on": ("corpora",)},
    "exports": {"codebook": ("codebooks",), "encoder": ("encoders",), "corpora": ("corpora",)},
}
ALL_CORPORA = {"fit_on", "train_on", "corpora"}  # keys that mean every corpus when left out
SECTIONS = ("corpora", "segmentations", "vads", "encoders", "codebooks", "bpes", "vocoders", "asrs", "lms", "exports")
# What is exported → the formats that it can have.
EXPORT_FORMATS = {
    "codebook": ("corpus-json", "bpe-text", "pt", "textless", "slamkit", "discophon", "kaldi"),
    "encoder": ("npy", "pt", "s3prl"),
}
FRAME_BY_FRAME = ("discophon",)  # formats that say when a unit is by its place alone
CPU_ONLY = ("textless",)  # backends
MOST_OVERLAP = 0.25  # of chunk
# Hyper-parameters of a language model, in the order of its folder's name.
POINT = {"lr": "r", "hidden": "h", "embedding": "e", "layers": "l", "batch": "b", "dropout": "d"}


class ConfigurationError(Exception):
    """The configuration cannot be used; the message lists every mistake."""


def load_configuration(given: Mapping[str, Any], schemas: Path = SCHEMAS) -> Dict[str, Any]:
    """Checked copy of ``given``: ``like:`` resolved, defaults filled in, references verified."""
    config = copy.deepcopy(dict(given))
    for section in SECTIONS:
        if isinstance(config.get(section, {}), dict):
            things = _beside(_built_in(section, schemas), _named(config.get(section, {})))
            if things or section in config:
                config[section] = resolve_like(section, things)
    _raise(check_imports(config) + validate(config, schemas))
    references = [_of_default(mistake, given) for mistake in check_references(config)]
    _raise(references + check_limits(config) + check_exports(config))
    for section, keys in PARENTS.items():
        for thing in config[section].values():
            for key in keys.keys() & ALL_CORPORA:
                if not thing.get("checkpoint"):  # what others trained knows none of these corpora
                    thing.setdefault(key, sorted(config["corpora"]))
    return config


def _of_default(mistake: str, given: Mapping[str, Any]) -> str:
    """A mistake in a section that the user did not write, with what to do about it."""
    section = mistake.partition(".")[0]
    if section in given:
        return mistake
    return f"{mistake} (a default: write your own `{section}:`, or `{section}: {{}}` to do without)"


def _raise(mistakes: List[str]) -> None:
    if mistakes:
        raise ConfigurationError("\n".join(f"configuration: {mistake}" for mistake in mistakes))


def _read(schema: Path) -> Any:
    return yaml.load(schema.read_text("utf-8"), Loader=LOADER)


def _built_in(section: str, schemas: Path) -> Dict[str, Any]:
    """Things that are always there, so that others may name them; they cost nothing until used."""
    schema = _read(schemas / f"{section}.schema.yaml")
    return {name: thing["default"] for name, thing in schema.get("properties", {}).items()}


def _named(things: Mapping[Any, Any]) -> Dict[str, Any]:
    """Names as text (YAML reads ``2024:`` as a number); ``name:`` with nothing behind it is all defaults."""
    return {str(name): {} if thing is None else thing for name, thing in things.items()}


def _beside(built_in: Mapping[str, Any], own: Mapping[str, Any]) -> Dict[str, Any]:
    """``own`` things beside those that are always there; one of the same name changes the keys that it sets."""

    def changed(name: str, thing: Any) -> Any:
        there = built_in.get(name, {})
        another = (
            not isinstance(thing, dict) or "like" in thing or thing.get("backend") not in (None, there.get("backend"))
        )
        return thing if another else {**there, **thing}

    return {**built_in, **{name: changed(name, thing) for name, thing in own.items()}}


def resolve_like(section: str, things: Mapping[str, Any]) -> Dict[str, Any]:
    """Things with ``like: other`` take every key of ``other`` that they do not set themselves."""

    def resolve(name: str, chain: Tuple[str, ...]) -> Any:
        thing = things[name]
        if not isinstance(thing, dict) or "like" not in thing:
            return thing
        other = thing["like"]
        if other in chain:
            raise ConfigurationError(f"configuration: {section}: a cycle: {' → '.join((*chain, other))}")
        if not isinstance(other, str) or other not in things:
            raise ConfigurationError(
                f"configuration: {section}.{name}.like: unknown name {other!r}; known: {_listed(things)}"
            )
        parent = resolve(other, (*chain, other))
        return {**parent, **{key: value for key, value in thing.items() if key != "like"}}

    return {name: resolve(name, (name,)) for name in things}


def _registry(schemas: Path) -> Registry:
    resources = [(path.name, DRAFT202012.create_resource(_read(path))) for path in sorted(schemas.glob("*.yaml"))]
    return Registry().with_resources(resources)


def _filling_validator() -> Any:
    """Draft 2020-12 validator that writes the schema's defaults into what it validates.

    It knows one keyword more: ``byBackend`` maps the value of ``backend`` to the schema that the thing must fit.
    """
    check_properties = Draft202012Validator.VALIDATORS["properties"]

    def fill(validator: Any, properties: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            for key, sub in properties.items():
                if "default" in sub:
                    instance.setdefault(key, copy.deepcopy(sub["default"]))
        yield from check_properties(validator, properties, instance, schema)

    def by_backend(validator: Any, schemas: Any, instance: Any, schema: Any) -> Iterator[Any]:
        backend = instance.get("backend") if isinstance(instance, dict) else None
        if isinstance(backend, str) and backend in schemas:
            yield from validator.descend(instance, schemas[backend], schema_path=backend)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer).redefine("number", _is_number)
    return extend(Draft202012Validator, {"properties": fill, "byBackend": by_backend}, type_checker=types)


def _is_integer(_: Any, value: Any) -> bool:
    """Not 2.0, which JSON Schema would let pass."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    """Not ``.nan`` or ``.inf``, which no limit would stop."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def validate(config: Dict[str, Any], schemas: Path = SCHEMAS) -> List[str]:
    """Fill in defaults; returns one line for each mistake, empty if there is none."""
    registry = _registry(schemas)
    root = registry.contents("config.schema.yaml")
    validator = _filling_validator()(root, registry=registry)
    return [_explain(error) for error in validator.iter_errors(config)]


def _explain(error: Any) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    if error.validator == "additionalProperties":
        allowed = error.schema.get("properties", {})
        unknown = sorted(map(str, set(error.instance) - set(allowed)))
        of = f" of backend {error.instance['backend']}" if "backend" in error.instance else ""
        return f"{key}: unknown key {', '.join(map(repr, unknown))}{of}; allowed: {_listed(allowed)}"
    if error.validator == "enum":
        return f"{key}: {error.instance!r} is not allowed; allowed: {_listed(error.validator_value)}"
    if error.validator == "minProperties":
        return f"{key}: must not be empty"
    if error.validator == "oneOf" and error.context:
        return f"{key}: {error.instance!r} fits none of the forms: {'; '.join(_explain(e) for e in error.context)}"
    if error.validator == "pattern" and error.schema.get("title"):
        return f"{key}: {error.instance!r} is not {error.schema['title']}"
    return f"{key}: {error.message}"


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names))) or "(none)"


def check_imports(config: Mapping[str, Any]) -> List[str]:
    """One line for each codebook that others fitted whose size nobody said; before defaults are filled in."""
    codebooks = config.get("codebooks")
    things = codebooks.items() if isinstance(codebooks, dict) else ()
    return [
        f"codebooks.{name}.k: say how many units the checkpoint has"
        for name, thing in things
        if isinstance(thing, dict) and thing.get("checkpoint") and "k" not in thing
    ]


def check_references(config: Mapping[str, Any]) -> List[str]:
    """One line for each name that no section defines, or that stands for two things."""
    mistakes = []
    for section, keys in PARENTS.items():
        for name, thing in config[section].items():
            for key, targets in keys.items():
                known = {known for target in targets for known in config[target]}
                values = thing.get(key)
                for value in values if isinstance(values, list) else [values]:
                    if value is not None and value not in known:
                        mistakes.append(
                            f"{section}.{name}.{key}: unknown name {value!r}; known in {' and '.join(targets)}: "
                            f"{_listed(known)}"
                        )
    for name in sorted(set(config["codebooks"]) & set(config["bpes"])):
        mistakes.append(f"bpes.{name}: a codebook has this name too; language models could not tell them apart")
    voices = ["natural", *config["vocoders"]]
    pairs = Counter(f"{asr}-{voice}" for asr in config["asrs"] for voice in voices)
    mistakes += [f"asrs, vocoders: {name!r} would name two tables; rename one" for name in pairs if pairs[name] > 1]
    if "natural" in config["vocoders"]:
        mistakes.append("vocoders.natural: this name stands for natural speech; choose another")
    return mistakes


def check_limits(config: Mapping[str, Any]) -> List[str]:
    """One line for each pair of values that contradict each other."""
    pairs = [
        *(("corpora", name, "min_duration", "max_duration") for name in config["corpora"]),
        *(("vads", name, "offset", "onset") for name in config["vads"]),
        *(("segmentations", name, "min_duration", "max_duration") for name in config["segmentations"]),
    ]
    mistakes = []
    for section, name, low, high in pairs:
        thing = config[section][name]
        if thing[high] is not None and thing[low] > thing[high]:
            mistakes.append(f"{section}.{name}.{low}: {thing[low]} is above {high} ({thing[high]})")
    for name, lm in config["lms"].items():
        if lm["valid"] + lm["test"] >= 1:
            mistakes.append(f"lms.{name}.valid: with test ({lm['test']}) nothing is left to train on")
        if max(1, lm["gpu"]) % lm["nodes"]:
            mistakes.append(f"lms.{name}.gpu: {lm['gpu']} cannot be divided evenly over nodes ({lm['nodes']})")
    return mistakes + _check_encoding(config)


def _check_encoding(config: Mapping[str, Any]) -> List[str]:
    """One line for each stretch that is mostly overlap, and for each GPU or compiler that a backend has no use for."""
    mistakes = []
    for name, encoder in config["encoders"].items():
        overlap = encoder.get("overlap", 0)
        if overlap > MOST_OVERLAP * encoder.get("chunk", 0):
            mistakes.append(
                f"encoders.{name}.overlap: {overlap}, taken off both ends of a stretch, is more than a quarter of "
                f"chunk ({encoder['chunk']})"
            )
    for section in ("encoders", "vocoders"):
        for name, thing in config[section].items():
            for key in ("gpu", "compile"):
                if thing["backend"] in CPU_ONLY and thing.get(key):
                    mistakes.append(f"{section}.{name}.{key}: {thing['backend']} has no use for it; leave it out")
    return mistakes


def check_exports(config: Mapping[str, Any]) -> List[str]:
    """One line for each export that is of nothing, of two things, or in a format that what it is of cannot have."""
    mistakes = []
    for name, export in config["exports"].items():
        of = [key for key in EXPORT_FORMATS if key in export]
        if len(of) != 1:
            mistakes.append(f"exports.{name}: give either codebook (its units) or encoder (its features)")
            continue
        if export["format"] not in EXPORT_FORMATS[of[0]]:
            mistakes.append(
                f"exports.{name}.format: {export['format']!r} is no format for what {of[0]} gives; "
                f"allowed: {_listed(EXPORT_FORMATS[of[0]])}"
            )
        elif export["deduplicate"] is not None and of == ["encoder"]:
            mistakes.append(f"exports.{name}.deduplicate: only units have runs; leave it out")
        elif export["deduplicate"] and export["format"] in FRAME_BY_FRAME:
            mistakes.append(f"exports.{name}.deduplicate: {export['format']} has one unit a frame; leave it out")
    return mistakes


def grid_points(lm: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """Folder name → hyper-parameters, for every combination of the model's ``grid``."""
    axes = {key: lm["grid"].get(key, [lm[key]]) for key in POINT}
    points = {}
    for values in itertools.product(*axes.values()):
        point = dict(zip(axes, values))
        name = "lstm_" + "_".join(f"{letter}{point[key]}" for key, letter in POINT.items())
        points[name] = point
    return points
