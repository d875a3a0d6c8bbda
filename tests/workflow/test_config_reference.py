"""config/config.yaml shows every key of the schemas at its default."""

from pathlib import Path

import pytest
import yaml

from configuration import SCHEMAS, SECTIONS, load_configuration

CONFIG = Path(__file__).resolve().parents[2] / "config"
TOP = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text("utf-8"))["properties"]


@pytest.fixture(scope="module")
def reference():
    return yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))


def schema_of(section):
    return yaml.safe_load((SCHEMAS / f"{section}.schema.yaml").read_text("utf-8"))


def properties(section):
    """Schema of each key of a thing in ``section``."""
    schema = schema_of(section)
    thing = schema["additionalProperties"]
    if "$ref" in thing:
        thing = schema["$defs"][thing["$ref"].rpartition("/")[2]]
    return thing["properties"]


def test_every_section_is_there(reference):
    assert set(reference) == set(TOP)
    assert set(SECTIONS) == {key for key, schema in TOP.items() if "$ref" in schema}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_first_thing_of_a_section_has_every_key(reference, section):
    first = next(iter(reference[section].values()))
    assert set(first) == set(properties(section))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_first_thing_of_a_section_has_the_schemas_defaults(reference, section):
    name, first = next(iter(reference[section].items()))
    built_in = schema_of(section).get("properties", {}).get(name, {}).get("default", {})
    defaults = {key: schema["default"] for key, schema in properties(section).items() if "default" in schema}
    defaults.update(built_in)
    assert {key: first[key] for key in defaults} == defaults


def test_leaving_everything_out_means_the_reference(reference):
    shortest = {"corpora": {"demo": {"source": reference["corpora"]["demo"]["source"]}}}
    assert load_configuration(shortest) == load_configuration(reference)


def test_the_demo_is_valid_and_works_on_the_same_recordings(reference):
    demo = load_configuration(yaml.safe_load((CONFIG / "demo.yaml").read_text("utf-8")))
    assert demo["corpora"]["demo"]["source"] == reference["corpora"]["demo"]["source"]
