"""config/config.yaml shows every key of the schemas at its default."""

import re
from pathlib import Path

import pytest
import yaml

from configuration import SCHEMAS, SECTIONS, load_configuration

CONFIG = Path(__file__).resolve().parents[2] / "config"
TOP = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text("utf-8"))["properties"]


@pytest.fixture(scope="module")
def reference():
    return yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def documented():
    """The reference with the things that stand in its comments."""
    text = (CONFIG / "config.yaml").read_text("utf-8")
    text = re.sub(r"^  # (?=( {2})?[a-z][\w-]*: ?)", "  ", text, flags=re.MULTILINE)
    return yaml.safe_load(text.replace("\nexports: {}", "\nexports:"))


def schema_of(section):
    return yaml.safe_load((SCHEMAS / f"{section}.schema.yaml").read_text("utf-8"))


def variants(section):
    """Schema of a thing in ``section``, for each backend where backends have keys of their own."""
    schema = schema_of(section)

    def resolved(thing):
        return schema["$defs"][thing["$ref"].rpartition("/")[2]] if "$ref" in thing else thing

    thing = resolved(schema["additionalProperties"])
    return {name: resolved(one) for name, one in thing.get("byBackend", {None: thing}).items()}


def backend_of(section, name, thing):
    """As which variant a thing of the reference counts."""
    inherited = schema_of(section).get("properties", {}).get(name, {}).get("default", {})
    backend = thing.get("backend", inherited.get("backend"))
    return backend if backend in variants(section) else None


CASES = [(section, backend) for section in SECTIONS for backend in variants(section)]


def things(documented, section, backend):
    """Things of the reference whose schema is that of a backend, by name."""
    alike = [name for name, schema in variants(section).items() if schema == variants(section)[backend]]
    return {name: thing for name, thing in documented[section].items() if backend_of(section, name, thing) in alike}


def test_every_section_is_there(reference):
    assert set(reference) == set(TOP)
    assert set(SECTIONS) == {key for key, schema in TOP.items() if "$ref" in schema}


@pytest.mark.parametrize("section, backend", CASES)
def test_every_key_is_shown(documented, section, backend):
    shown = {key for thing in things(documented, section, backend).values() for key in thing}
    assert shown == set(variants(section)[backend]["properties"])


@pytest.mark.parametrize("section, backend", CASES)
def test_the_fullest_thing_of_its_kind_has_the_schemas_defaults(documented, section, backend):
    name, thing = max(things(documented, section, backend).items(), key=lambda item: len(item[1]))
    built_in = schema_of(section).get("properties", {}).get(name, {}).get("default", {})
    properties = variants(section)[backend]["properties"]
    defaults = {key: schema["default"] for key, schema in properties.items() if "default" in schema}
    chosen = {"backend"} if built_in == {} and len(variants(section)) > 1 else set()
    defaults = {**{key: value for key, value in defaults.items() if key not in chosen}, **built_in}
    assert {key: thing[key] for key in defaults} == defaults


def test_leaving_everything_out_means_the_reference(reference):
    shortest = {"corpora": {"demo": {"source": reference["corpora"]["demo"]["source"]}}}
    assert load_configuration(shortest) == load_configuration(reference)


def test_the_demo_is_valid_and_works_on_the_same_recordings(reference):
    demo = load_configuration(yaml.safe_load((CONFIG / "demo.yaml").read_text("utf-8")))
    assert demo["corpora"]["demo"]["source"] == reference["corpora"]["demo"]["source"]


def test_what_is_commented_is_valid(documented):
    """All of it but the language models, which the things that it adds would change."""
    config = load_configuration(documented)
    assert {"mms-k100", "expresso-k2000"} <= set(config["codebooks"])
    assert {"expresso", "twist"} <= set(config["vocoders"]) and set(config["exports"]) == {"units", "abx", "superb"}
