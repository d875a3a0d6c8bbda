"""A run that is killed and started again gives the results of one that was not."""

import signal
import time

import pytest

pytestmark = pytest.mark.pipeline

LONGEST_WAIT = 240  # s until a run has got as far as the test wants


def wait_for(clone, process, pattern):
    """Until the run has made a file, or is over."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not any((clone.folder / "results").glob(pattern)):
        assert process.poll() is None, f"the run ended before it made {pattern}"
        assert time.monotonic() < deadline, f"no {pattern} within {LONGEST_WAIT} s"
        time.sleep(0.05)


def times(clone, pattern):
    return {path: path.stat().st_mtime_ns for path in (clone.folder / "results").glob(pattern)}


@pytest.mark.parametrize(
    "number, reached",
    [
        (signal.SIGKILL, "corpora/small/segment/shard-*.jsonl"),
        (signal.SIGKILL, "corpora/small/resynth/griffinlim/.*"),
        (signal.SIGKILL, "corpora/small/asr/*/griffinlim/.*.journal"),
        (signal.SIGTERM, "models/lms/lstm/*/.*"),
        (signal.SIGTERM, "corpora/small/units/k20/shard-0.parquet"),
    ],
    ids=[
        "killed-while-segmenting",
        "killed-while-resynthesising",
        "killed-while-transcribing",
        "terminated-while-training",
        "terminated-after-units",
    ],
)
def test_a_killed_run_goes_on_to_the_same_bytes(finished, new_clone, number, reached):
    clone = new_clone(finished.folder.parent / "audio" / "recordings.csv")
    process = clone.start()
    wait_for(clone, process, reached)
    clone.kill(process, number)
    before = times(clone, "corpora/small/segment/shard-*.jsonl")
    clone.unlock()
    planned = clone.planned()
    clone.make()
    assert clone.digests() == finished.digests()
    assert clone.leftovers() == []
    assert clone.planned() == set()
    still = {path for path in before if f"segment corpus=small, shard={path.stem.partition('-')[2][0]}" not in planned}
    after = times(clone, "corpora/small/segment/shard-*.jsonl")
    assert {path: before[path] for path in still} == {path: after[path] for path in still}


def test_the_controller_alone_is_killed_while_its_jobs_go_on(finished, new_clone):
    """Orphaned jobs must not spoil what the second run writes."""
    clone = new_clone(finished.folder.parent / "audio" / "recordings.csv")
    process = clone.start()
    wait_for(clone, process, "corpora/small/manifest/shard-*.jsonl")
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    clone.unlock()
    clone.make()
    assert clone.digests() == finished.digests()
