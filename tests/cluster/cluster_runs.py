"""Runs of the workflow on the cluster of the tests, with the profile as it is shipped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import yaml
from runs import SNAKEMAKE, Clone
from slurm_cluster import SlurmCluster, wait_until

RUN_ID = re.compile(r"^SLURM run ID: (\S+)$", re.MULTILINE)
# What a user writes into profiles/slurm/partitions.yaml for the cluster of the tests.
PARTITIONS = {
    "partitions": {
        "cpu": {"max_runtime": "2-00:00:00", "max_mem_mb": 64_000, "max_threads": 8},
        "gpu": {"max_runtime": "2-00:00:00", "max_mem_mb": 64_000, "max_threads": 8, "max_gpu": 4},
    }
}
FAST = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20")
# A language model whose training takes seconds.
LSTM = {"tokens": "k20", "embedding": 8, "hidden": 16, "layers": 1, "epochs": 200, "patience": 200}
LONGEST_WAIT = 300  # s until a run has got as far as a test wants


class ClusterClone(Clone):
    """A copy of a clone, with account and partitions filled in; runs as ``snakemake --profile slurm``."""

    def __init__(self, original: Clone, folder: Path, cluster: SlurmCluster) -> None:
        shutil.copytree(original.folder, folder, symlinks=True)
        self.folder, self.copied_from, self.cluster = folder, original.folder, cluster
        self.results = folder / "results"
        self.output = folder / "snakemake.out"
        self.runs: List[subprocess.Popen] = []
        shutil.rmtree(folder / ".snakemake" / "log", ignore_errors=True)
        (folder / "slurm").symlink_to("profiles/slurm")
        (folder / "profiles" / "slurm" / "partitions.yaml").write_text(yaml.safe_dump(PARTITIONS), encoding="utf-8")
        profile = folder / "profiles" / "slurm" / "config.yaml"
        profile.write_text(profile.read_text("utf-8").replace("CHANGE-ME", "lab"), encoding="utf-8")

    def without(self, *parts: str) -> ClusterClone:
        """As if these results had not been made yet."""
        for part in parts:
            assert any(self.results.glob(part)), part
            for path in self.results.glob(part):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return self

    def set_resources(self, rule: str, **resources) -> None:
        """``set-resources`` of one rule, as a user writes them into the profile."""
        path = self.folder / "profiles" / "slurm" / "config.yaml"
        profile = yaml.safe_load(path.read_text("utf-8"))
        profile.setdefault("set-resources", {}).setdefault(rule, {}).update(resources)
        path.write_text(yaml.safe_dump(profile), encoding="utf-8")

    def command(self, *arguments: str) -> List[str]:
        without_conda = self.folder / "tools" / "without-conda"
        return [str(without_conda), str(SNAKEMAKE), *arguments, "--profile", "slurm", *FAST, "--configfile", "my.yaml"]

    def environment(self) -> Dict[str, str]:
        return self.cluster.environment

    def tool(self, name: str, *arguments: str) -> str:
        """What amela-status, amela-rescue or amela-plan says of the newest run."""
        done = subprocess.run(
            [str(SNAKEMAKE.with_name("python")), f"tools/{name}", *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen:
        """The controller as a process of its own group; what it says goes to ``output``."""
        with self.output.open("ab") as out:
            run = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.runs.append(run)
        return run

    def close(self) -> None:
        """End what a test that failed left behind."""
        for run in self.runs:
            if run.poll() is None:
                run.kill()
                run.wait()
        if jobs := self.jobs():
            self.cluster.check("scancel", *(job["id"] for job in jobs))

    def said(self) -> str:
        return self.output.read_text("utf-8", errors="replace") if self.output.exists() else ""

    def finish(self, process: subprocess.Popen, seconds: float = 900) -> str:
        """Wait for the end of a run that is to succeed."""
        code = process.wait(timeout=seconds)
        assert code == 0, self.said()[-6000:] + self.failed_logs()
        return self.said()

    def kill(self, process: subprocess.Popen, number: signal.Signals) -> None:
        """A signal to the controller alone, as a closed terminal or an administrator sends it."""
        process.send_signal(number)
        process.wait(timeout=LONGEST_WAIT)

    # What SLURM knows of it

    def run_ids(self) -> List[str]:
        """Run ids of all starts so far, in order."""
        said = "".join(path.read_text("utf-8") for path in sorted(self.folder.glob(".snakemake/log/*.log")))
        return list(dict.fromkeys(RUN_ID.findall(said)))

    def jobs(self) -> List[Dict[str, str]]:
        """This clone's jobs that are in the queue now."""
        names = self.run_ids()
        return self.cluster.queue("--name", ",".join(names)) if names else []

    def accounting(self) -> List[Dict[str, str]]:
        """Rows of sacct for all jobs of all runs."""
        return [row for name in self.run_ids() for row in self.cluster.accounting(name)]

    def states(self, job: str) -> List[str]:
        """Every state in which a job has ended, in order: more than one where SLURM has put it back into the queue."""
        return [row["State"].split()[0] for row in self.accounting() if row["JobIDRaw"] == job]

    def completed(self) -> Counter:
        """How often each job (rule and wildcards) has come to its end."""
        return Counter(row["Comment"] for row in self.accounting() if row["State"] == "COMPLETED")

    # Its stages, which run on this machine

    def stages(self, rule: str) -> List[int]:
        """Processes of a rule's stage, in the order of their start."""
        found = []
        for process in sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*")):
            with suppress(OSError):  # it has ended
                arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
                if os.readlink(f"/proc/{process}/cwd") == str(self.folder) and arguments[1:2] == [stage_of(rule)]:
                    found.append(process)
        return found

    @contextmanager
    def held(self, run: subprocess.Popen, rule: str, reached: str) -> Iterator[Held]:
        """The stages of a rule, stopped where they are as soon as ``reached`` is there, a file that one of them writes.

        What has not ended at the end of the block goes on.
        """
        self.wait(run, lambda: any(self.results.glob(reached)), f"{rule} to write {reached}")
        stages = self.stages(rule)
        assert stages, f"{rule} ended before it could be stopped"
        for process in stages:
            os.kill(process, signal.SIGSTOP)
        try:
            yield Held(stages)
        finally:
            for process in stages:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def wait(self, run: subprocess.Popen, ready: Callable[[], bool], what: str) -> None:
        """Until a run that goes on has got so far."""

        def checked() -> bool:
            if ready():
                return True
            assert run.poll() is None, f"the run ended before {what}:\n{self.said()[-3000:]}"
            return False

        wait_until(checked, what, LONGEST_WAIT, pause=0.02)


class Held:
    """Stages that are stopped, and the job of the first of them."""

    def __init__(self, stages: List[int]) -> None:
        self.stage = stages[0]
        self.environment = dict(pair.split("=", 1) for pair in self._read("environ") if "=" in pair)
        self.job, self.node = self.environment["SLURM_JOB_ID"], self.environment["SLURMD_NODENAME"]
        self.command, self.folder = self._read("cmdline"), os.readlink(f"/proc/{self.stage}/cwd")

    def _read(self, name: str) -> List[str]:
        return Path(f"/proc/{self.stage}/{name}").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")

    def has_ended(self) -> bool:
        return not Path(f"/proc/{self.stage}").exists()

    def again(self, output: Path) -> subprocess.Popen:
        """The same command a second time, outside SLURM; what it says goes to ``output``."""
        outside = {name: value for name, value in self.environment.items() if not name.startswith("SLURM")}
        with output.open("wb") as out:
            return subprocess.Popen(self.command, cwd=self.folder, env=outside, stdout=out, stderr=out)


def stage_of(rule: str) -> bytes:
    return f"workflow/scripts/{rule}.py".encode()


def mtimes(clone: Clone, *patterns: str) -> Dict[Path, int]:
    """Time of change of every result that matches, by its place below the clone."""
    return {
        path.relative_to(clone.folder): path.stat().st_mtime_ns
        for pattern in patterns
        for path in (clone.folder / "results").glob(pattern)
        if path.is_file()
    }
