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


def fullest(reference, section, backend):
    """The thing of the reference that shows most keys of the schema that this backend has."""
    alike = [name for name, schema in variants(section).items() if schema == variants(section)[backend]]
    things = {name: thing for name, thing in reference[section].items() if backend_of(section, name, thing) in alike}
    return max(things.items(), key=lambda item: len(item[1]), default=(None, None))


def test_every_section_is_there(reference):
    assert set(reference) == set(TOP)
    assert set(SECTIONS) == {key for key, schema in TOP.items() if "$ref" in schema}


@pytest.mark.parametrize("section, backend", CASES)
def test_the_fullest_thing_of_its_kind_has_every_key(reference, section, backend):
    name, thing = fullest(reference, section, backend)
    assert name is not None or not reference[section]
    assert name is None or set(thing) == set(variants(section)[backend]["properties"])


@pytest.mark.parametrize("section, backend", CASES)
def test_the_fullest_thing_of_its_kind_has_the_schemas_defaults(reference, section, backend):
    name, thing = fullest(reference, section, backend)
    built_in = schema_of(section).get("properties", {}).get(name, {}).get("default", {})
    properties = variants(section)[backend]["properties"]
    defaults = {key: schema["default"] for key, schema in properties.items() if "default" in schema}
    defaults.update(built_in)
    assert thing is None or {key: thing[key] for key in defaults} == defaults


def test_leaving_everything_out_means_the_reference(reference):
    shortest = {"corpora": {"demo": {"source": reference["corpora"]["demo"]["source"]}}}
    assert load_configuration(shortest) == load_configuration(reference)


def test_the_demo_is_valid_and_works_on_the_same_recordings(reference):
    demo = load_configuration(yaml.safe_load((CONFIG / "demo.yaml").read_text("utf-8")))
    assert demo["corpora"]["demo"]["source"] == reference["corpora"]["demo"]["source"]


def test_the_presets_are_valid():
    """The commented lines of the reference, with their comment signs taken away."""
    lines = (CONFIG / "config.yaml").read_text("utf-8").splitlines()
    commented = [line.replace("# ", "", 1) for line in lines if line.startswith("  # ") and "{" in line]
    presets = yaml.safe_load("\n".join(commented))
    assert {"mms-k100", "expresso-k2000"} <= set(presets)
    others = {section: {} for section in ("bpes", "vocoders", "lms")}
    load_configuration({"corpora": {"demo": {"source": "x"}}, "codebooks": presets, **others})
