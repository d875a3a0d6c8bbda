"""A run's folders, and jobs made by hand."""

from pathlib import Path

import pytest

from amela.usage.jobs import Job

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
CONTENTS = {
    "rules": {
        "segment": r"segment/(?P<corpus>field)/shard\-(?P<shard>\d+)\.tsv$",
        "kmeans_fit": r"kmeans_fit/(?P<codebook>k100|k50)\.tsv$",
        "asr": r"asr/(?P<corpus>field)/(?P<asr>sphinx)/(?P<voice>natural|flat)/shard\-(?P<shard>\d+)\.tsv$",
    },
    "shards": {"field": 3},
}


class Run:
    """Benchmarks and logs of a run below one folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.benchmarks, self.logs = root, root / "benchmarks", root / "logs"

    def benchmark(self, stem: str, *values: object) -> None:
        """Write one row: seconds, max_rss, mean_load and cpu_time."""
        s, rss, load, cpu = values
        self.write(
            self.benchmarks / f"{stem}.tsv", f"{HEADER}{s}\t0:00:01\t{rss}\t1.0\t1.0\t1.0\t0.0\t-\t{load}\t{cpu}\n"
        )

    def log(self, stem: str, text: str) -> None:
        self.write(self.logs / f"{stem}.log", text)

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def contents():
    return CONTENTS


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@pytest.fixture
def shard_jobs():
    """Function (seconds of each shard, **columns) → jobs of one rule on the shards of `field`."""

    def make(seconds, rule="segment", **columns):
        return [
            Job(**{"rule": rule, "corpus": "field", "name": None, "shard": shard, "seconds": value, **columns})
            for shard, value in enumerate(seconds)
        ]

    return make
