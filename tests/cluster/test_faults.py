"""A run that something befalls ends complete, with the bytes of a run that nothing befell, and loses no job's work."""

import random
import signal
import subprocess
import time
from collections import Counter

import pytest
from slurm_cluster import wait_until

pytestmark = pytest.mark.cluster
full = pytest.mark.cluster_full

TRANSCRIPTS, MODELS = ("corpora/small/asr", "corpora/small/merged/asr-*"), ("models/lms",)
ASR_HAS_BEGUN = "corpora/small/asr/*/*/.*"  # its lock and its journal
TRAINING_HAS_BEGUN = "models/lms/*/*/.resume.pt"  # after an epoch
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def set_down(cluster, node):
    """A node fails and comes back, by itself when its daemon registers again or because it is told to."""

    def is_back():
        cluster.call("scontrol", "update", f"NodeName={node}", "State=RESUME")
        return "down" not in cluster.check("sinfo", "-h", "-n", node, "-o", "%T")

    cluster.check("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait_until(is_back, f"return of {node}")


def before_the_second_submission(clone, run):
    """Stop the controller when it has submitted one job of several."""
    clone.wait(run, lambda: "has been submitted" in clone.said(), "a job is submitted")
    run.send_signal(signal.SIGSTOP)


def test_a_cancelled_job_a_lost_node_and_a_killed_controller(cluster, unfinished, whole):
    clone = unfinished(*TRANSCRIPTS, *MODELS)
    clone.set_resources("lm_score", gpu=1)
    run = clone.start()
    with clone.held(run, "asr", ASR_HAS_BEGUN) as cancelled, clone.held(run, "lm_train", TRAINING_HAS_BEGUN) as lost:
        cluster.check("scancel", cancelled.job)
        clone.wait(run, cancelled.has_ended, "the cancelled job's stage has ended")
        set_down(cluster, lost.node)
    clone.wait(run, lambda: lost.job in [job["id"] for job in clone.jobs() if job["state"] == "PENDING"], "requeue")
    clone.kill(run, signal.SIGKILL)
    assert "was killed" in clone.tool("amela-status")
    clone.tool("amela-rescue")
    whole(clone, clone.start())
    assert clone.states(cancelled.job) == ["CANCELLED"]
    assert clone.states(lost.job)[0] in ("NODE_FAIL", "REQUEUED")
    assert {row["Partition"] for row in clone.accounting()} == {"cpu", "gpu"}


@full
def test_a_time_limit(unfinished, whole):
    clone = unfinished(*TRANSCRIPTS)
    clone.set_resources("asr", runtime=1)
    run = clone.start()
    with clone.held(run, "asr", ASR_HAS_BEGUN) as late:
        clone.wait(run, late.has_ended, "the stage has ended")  # SLURM wakes what it sends SIGTERM
    whole(clone, run)
    assert clone.states(late.job) == ["TIMEOUT"]


@full
def test_a_training_that_is_told_of_its_time_limit_goes_on_in_the_next_attempt(unfinished, whole):
    clone = unfinished(*MODELS)
    clone.set_resources("lm_train", runtime=3, slurm_extra="'--signal=TERM@60'")
    run = clone.start()
    with clone.held(run, "lm_train", TRAINING_HAS_BEGUN) as late:
        clone.wait(run, late.has_ended, "the training has ended")
    whole(clone, run)
    assert clone.states(late.job) == ["FAILED"]  # before its time was up
    assert goes_on(clone)


def goes_on(clone):
    """Whether a training did not start anew."""
    logs = clone.folder.glob("logs/lm_train/*/*.log")
    return any("going on after epoch" in path.read_text("utf-8") for path in logs)


@full
def test_a_memory_limit(unfinished, whole):
    clone = unfinished(*TRANSCRIPTS)
    clone.set_resources("asr", mem_mb="200 * attempt ** 3")  # the stage and the Snakemake around it need more
    run = clone.start()
    whole(clone, run)
    assert "exceeded memory limit" in clone.said()
    asked = Counter(
        (row["State"], row["ReqMem"]) for row in clone.accounting() if row["Comment"].startswith("rule_asr_w")
    )
    assert asked == {("FAILED", "200M"): 4, ("COMPLETED", "1600M"): 4}


@full
@pytest.mark.parametrize("daemon, seconds", [("slurmctld", 60), ("slurmdbd", 30)])
def test_slurm_is_away_while_jobs_run_and_are_submitted(cluster, unfinished, whole, daemon, seconds):
    clone = unfinished(*TRANSCRIPTS, *MODELS)
    run = clone.start()
    before_the_second_submission(clone, run)
    with cluster.without(daemon):
        before = clone.said().count("has been submitted")
        run.send_signal(signal.SIGCONT)
        time.sleep(seconds)
    whole(clone, run)
    assert clone.said().count("has been submitted") > before
    assert {row["State"] for row in clone.accounting()} == {"COMPLETED"}
    assert "Trying to restart" not in clone.said()  # no attempt was lost


@full
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_controller_is_killed_at_a_random_moment(unfinished, whole, number, seed):
    clone = unfinished(*TRANSCRIPTS, *MODELS)
    run = clone.start()
    clone.wait(run, clone.run_ids, "the controller has a run id")
    time.sleep(random.Random(f"{number.name} {seed}").uniform(0, 40))
    assert run.poll() is None
    clone.kill(run, number)
    assert run.returncode != 0
    clone.tool("amela-rescue")
    whole(clone, clone.start())


@full
def test_a_training_that_is_preempted_goes_on(cluster, unfinished, whole):
    clone = unfinished(*MODELS)
    clone.set_resources("lm_train", slurm_partition="lab")
    run = clone.start()
    with clone.held(run, "lm_train", TRAINING_HAS_BEGUN) as preempted:
        cluster.check("sbatch", "-A", "lab", "-p", "urgent", "--exclusive", "--wrap", "sleep 5")
        clone.wait(run, preempted.has_ended, "the training has ended")
    whole(clone, run, lm_train="lab")
    assert clone.states(preempted.job) == ["PREEMPTED", "COMPLETED"]
    assert goes_on(clone)


@full
def test_a_full_disk(unfinished, whole):
    audio = "corpora/small/resynth"
    clone = unfinished(audio, *TRANSCRIPTS)
    folder = clone.results / audio
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=True)
    try:
        assert clone.start("--retries", "0").wait() != 0
        logs = clone.folder.glob("logs/resynth/**/*.log")
        assert any("audio cannot be written" in path.read_text("utf-8") for path in logs)
        assert list(folder.rglob("shard-*.jsonl")) == []  # nothing half, and no utterance rejected for it
        subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
        whole(clone, clone.start())
    finally:
        subprocess.run(["umount", folder], check=True)


@full
def test_an_environment_that_cannot_be_made(unfinished, whole):
    clone = unfinished(*MODELS)
    environment = clone.folder / "workflow" / "envs" / "report.yaml"
    right = environment.read_text("utf-8")
    environment.write_text(right.replace("Jinja2==", "Jinja2==99."), encoding="utf-8")
    run = clone.start()
    assert run.wait() != 0
    assert "report.yaml" in clone.said() and "has been submitted" not in clone.said()
    environment.write_text(right, encoding="utf-8")
    whole(clone, clone.start())


@full
def test_a_second_run_on_the_same_results_is_refused(unfinished, whole):
    clone = unfinished(*TRANSCRIPTS)
    first = clone.start()
    with clone.held(first, "asr", ASR_HAS_BEGUN):
        second = clone.run()
        assert second.returncode != 0 and "LockException" in second.stdout + second.stderr
    whole(clone, first)


@full
def test_a_second_job_on_a_shard_waits_and_names_the_first(unfinished, whole, tmp_path):
    clone = unfinished(*TRANSCRIPTS)
    run = clone.start()
    with clone.held(run, "asr", ASR_HAS_BEGUN) as first:
        output = tmp_path / "second.log"
        second = first.again(output)
        clone.wait(run, lambda: f"waiting for SLURM job {first.job}," in output.read_text("utf-8"), "the second waits")
        second.kill()
    whole(clone, run)
