"""What is asked of a cluster, as a function of hours, model and attempt."""

import json
import os
from pathlib import Path

import pytest

from resources import (
    DAY,
    RATES,
    UNKNOWN_HOURS,
    WEIGHTS,
    Rate,
    corpus_hours,
    cpu_seconds,
    expected_cost,
    local_folder,
    longest_hours,
    memory_mb,
    of_size,
    output_mb,
    rate_of,
    runtime_minutes,
    shard_hours,
    weights_mb,
)


def inventory(*shard_seconds, longest=0.0):
    summary = Path("results/corpora/field/inventory/summary.json")
    summary.parent.mkdir(parents=True, exist_ok=True)
    summary.write_text(json.dumps({"shard_seconds": shard_seconds, "longest_seconds": longest}))
    return summary


@pytest.mark.parametrize("name", RATES)
def test_more_hours_and_later_attempts_never_get_less(name):
    rate = RATES[name]
    for need in (memory_mb, runtime_minutes):
        for attempt in (1, 2, 3):
            asked = [need(rate, hours, attempt) for hours in (0, 0.1, 1, 16, 1_000)]
            assert asked == sorted(asked)
            assert asked[0] >= attempt * need(rate, 0)
            assert all(isinstance(value, int) and value > 0 for value in asked)


def test_the_limit_is_well_above_what_the_rate_says():
    rate = Rate(cpu=0.5, memory=100, memory_hour=10)
    assert runtime_minutes(rate, 4) >= 2 * 60 * 0.5 * 4
    assert memory_mb(rate, 4) == 140
    assert memory_mb(rate, 4, attempt=3) == 420
    assert memory_mb(Rate(cpu=1, memory=100, memory_uncut=1_800), 4, uncut=16) == 100 + 16 * 1_800


def test_a_job_that_can_go_on_asks_for_a_day_at_most():
    assert runtime_minutes(Rate(cpu=1, goes_on=True), 1_000) == DAY
    assert runtime_minutes(Rate(cpu=1, goes_on=True), 1_000, attempt=2) == DAY
    assert runtime_minutes(Rate(cpu=1, goes_on=True), 1, attempt=2) == 2 * runtime_minutes(Rate(cpu=1), 1)
    assert runtime_minutes(Rate(cpu=1), 1_000) > DAY


def test_what_a_job_is_expected_to_cost_has_no_margin():
    rate = Rate(cpu=0.5, disk=60, goes_on=True)
    assert (cpu_seconds(rate, 4), output_mb(rate, 4)) == (7_200, 240)
    assert (cpu_seconds(rate, 0.0001), output_mb(rate, 0)) == (1, 0)
    assert cpu_seconds(rate, 1_000) > 60 * DAY  # all that it does, however often it is stopped


def test_costs_are_stated_where_they_are_asked_for(monkeypatch):
    monkeypatch.delenv("AMELA_HOURS", raising=False)
    assert expected_cost(lambda wildcards: Rate(cpu=1), float) == {}
    monkeypatch.setenv("AMELA_HOURS", "{}")
    costs = expected_cost(lambda wildcards: Rate(cpu=1, disk=2), float)
    assert {key: cost("3") for key, cost in costs.items()} == {"cpu_s": 10_800, "output_mb": 6}


def test_a_backend_without_a_rate_of_its_own_has_that_of_its_rule():
    assert rate_of("segment", "silence") is RATES["segment:silence"]
    assert rate_of("encode", "mfcc") is RATES["encode"]
    with pytest.raises(KeyError):
        rate_of("segment", "guess")


def test_every_backend_of_a_rule_with_a_gpu_has_rates_for_it():
    for rule, backends in {"encode": ("hf", "fairseq"), "resynth": ("codehifigan",)}.items():
        for backend in backends:
            assert RATES[f"{rule}:{backend}-gpu"].cpu < RATES[f"{rule}:{backend}"].cpu


def test_larger_weights_take_more_memory_and_time_and_smaller_ones_what_the_table_says():
    rate = rate_of("kmeans_assign", "hf")
    assert of_size(rate, 0) == of_size(rate, 380) == of_size(rate, WEIGHTS) == rate
    mms_1b = of_size(rate, 3_900)  # 962 million parameters in fp32
    assert memory_mb(mms_1b, 1) >= memory_mb(rate, 1) + 2 * (3_900 - WEIGHTS)
    assert memory_mb(mms_1b, 1) >= 2 * 3_900  # the file and the model at once
    assert cpu_seconds(mms_1b, 1) == pytest.approx(3 * cpu_seconds(rate, 1), rel=0.01)
    assert mms_1b.goes_on and mms_1b.disk == rate.disk


def test_weights_are_as_large_as_their_receipt_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert weights_mb("mms") == 0
    receipt = Path("results/models/encoders/mms/checkpoint.json")
    receipt.parent.mkdir(parents=True)
    receipt.write_text(json.dumps({"files": {"a": {"bytes": 3_000_000}, "b": {"bytes": 500_000}}}))
    assert weights_mb("mms") == 3.5
    receipt.write_text(json.dumps({"files": {"a": {"bytes": 1_000_000}}}))
    os.utime(receipt, ns=(1, 1))  # written again
    assert weights_mb("mms") == 1


def test_hours_come_from_the_inventory_as_soon_as_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMELA_HOURS", raising=False)
    assert corpus_hours("field", shards=3) == 3 * UNKNOWN_HOURS
    monkeypatch.setenv("AMELA_HOURS", '{"field": 833}')
    assert corpus_hours("field", shards=3) == 833
    assert corpus_hours("other", shards=3) == 3 * UNKNOWN_HOURS
    assert longest_hours("field") == 0
    summary = inventory(3_600.0, 3_600.0, 0.0, longest=1_800.0)
    assert corpus_hours("field", shards=3) == 2
    assert shard_hours("field", shards=3) == [1, 1, 0]
    assert shard_hours("field", shards=4) == [0.5] * 4  # the inventory will be made again
    assert longest_hours("field") == 0.5
    inventory(36_000.0, 0.0, 0.0)
    os.utime(summary, ns=(1, 1))  # written again
    assert corpus_hours("field", shards=3) == 10


def test_variables_of_the_temporary_folder_are_those_of_the_machine(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/scratch/job")
    monkeypatch.setenv("WHO", "anna")
    assert local_folder(None) == "/scratch/job"
    assert local_folder("/local/$WHO") == "/local/anna"
    assert local_folder("$NOT_SET_HERE/x") == "/scratch/job"  # no folder of that name in the project
    monkeypatch.delenv("TMPDIR")
    assert local_folder(None) == "/tmp"
