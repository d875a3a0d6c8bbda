"""Runs of the workflow on the cluster of the tests, with the profile as it is shipped."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Callable, Dict, List

import yaml
from runs import ROOT, SNAKEMAKE, Clone
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
LONGEST_WAIT = 300  # s until a run has got as far as a test wants


class ClusterClone(Clone):
    """A copy of the workflow with account and partitions filled in; runs as ``snakemake --profile slurm``."""

    def __init__(self, folder: Path, config: dict, cluster: SlurmCluster) -> None:
        super().__init__(folder, config)
        self.cluster = cluster
        self.output = folder / "snakemake.out"
        for part in ("profiles", "Makefile"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        (folder / "slurm").symlink_to("profiles/slurm")
        (folder / "profiles" / "slurm" / "partitions.yaml").write_text(yaml.safe_dump(PARTITIONS), encoding="utf-8")
        self.profile(lambda text: text.replace("CHANGE-ME", "lab"))

    def profile(self, change: Callable[[str], str]) -> None:
        """Edit profiles/slurm/config.yaml as a user would; a change that changes nothing is a fault of the test."""
        path = self.folder / "profiles" / "slurm" / "config.yaml"
        before = path.read_text("utf-8")
        path.write_text(change(before), encoding="utf-8")
        assert path.read_text("utf-8") != before

    def resources(self, rule: str, **resources) -> None:
        """``set-resources`` of one rule in the profile."""
        path = self.folder / "profiles" / "slurm" / "config.yaml"
        profile = yaml.safe_load(path.read_text("utf-8"))
        profile.setdefault("set-resources", {}).setdefault(rule, {}).update(resources)
        path.write_text(yaml.safe_dump(profile), encoding="utf-8")

    def command(self, *arguments: str) -> List[str]:
        without_conda = self.folder / "tools" / "without-conda"
        return [str(without_conda), str(SNAKEMAKE), *arguments, "--profile", "slurm", *FAST, "--configfile", "my.yaml"]

    def environment(self) -> Dict[str, str]:
        return self.cluster.environment

    def start(self, *arguments: str) -> subprocess.Popen:
        """The controller as a process of its own group; what it says goes to ``output``."""
        with self.output.open("ab") as out:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text("utf-8", errors="replace") if self.output.exists() else ""

    def run_ids(self) -> List[str]:
        """Run ids of all starts so far, in order."""
        said = "".join(path.read_text("utf-8") for path in sorted(self.folder.glob(".snakemake/log/*.log")))
        return list(dict.fromkeys(RUN_ID.findall(said)))

    def finish(self, process: subprocess.Popen, seconds: float = 900) -> str:
        """Wait for the end of a run that is to succeed."""
        code = process.wait(timeout=seconds)
        assert code == 0, self.said()[-6000:] + self.failed_logs()
        return self.said()

    def jobs(self) -> List[Dict[str, str]]:
        """This clone's jobs that are in the queue now."""
        names = self.run_ids()
        return self.cluster.queue("--name", ",".join(names)) if names else []

    def wait_for_job(self, process: subprocess.Popen, rule: str) -> Dict[str, str]:
        """Until a job of a rule runs; returns it."""
        found: List[Dict[str, str]] = []

        def runs() -> bool:
            assert process.poll() is None, f"the run ended before a job of {rule} ran:\n{self.said()[-3000:]}"
            found[:] = [
                job
                for job in self.jobs()
                if job["state"] == "RUNNING" and re.match(rf"rule_{rule}(_wildcards|$)", job["comment"])
            ]
            return bool(found)

        wait_until(runs, f"job of {rule}", LONGEST_WAIT)
        return found[0]

    def wait_for_file(self, process: subprocess.Popen, pattern: str) -> Path:
        """Until the run has made a file below its folder; returns it."""

        def made() -> bool:
            assert process.poll() is None, f"the run ended before it made {pattern}:\n{self.said()[-3000:]}"
            return any(self.folder.glob(pattern))

        wait_until(made, pattern, LONGEST_WAIT)
        return next(iter(self.folder.glob(pattern)))

    def kill(self, process: subprocess.Popen, number: signal.Signals) -> None:
        """A signal to the controller alone, as a closed terminal or an administrator sends it."""
        process.send_signal(number)
        process.wait(timeout=LONGEST_WAIT)

    def rescue(self) -> None:
        """After a killed controller: cancel what it left in the queue, wait for its end, unlock."""
        if jobs := self.jobs():
            self.cluster.check("scancel", *(job["id"] for job in jobs))
        wait_until(lambda: not self.jobs(), "end of the cancelled jobs", 120)
        self.unlock()

    def unlock(self) -> None:
        self.make("--unlock")


def mtimes(clone: Clone, *patterns: str) -> Dict[Path, int]:
    """Time of change of every result that matches."""
    return {
        path: path.stat().st_mtime_ns
        for pattern in patterns
        for path in (clone.folder / "results").glob(pattern)
        if path.is_file()
    }
