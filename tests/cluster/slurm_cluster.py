"""A SLURM cluster of four nodes on this machine: below one folder, on ports of its own, gone when it is closed.

Everything runs as root from Debian's packages and reads a configuration of its own (``SLURM_CONF``), so
that a SLURM already installed here is neither read nor disturbed. Daemons stay in the foreground as
children of this process and die with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, List

from slurm_configuration import NODES, gres_conf, slurm_conf, slurmdbd_conf

CLIENTS = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun", "sshare")
STATES_AT_WORK = {"idle", "mixed", "allocated"}
ENDED = {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED"}


def free_ports(count: int) -> List[int]:
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60, pause: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds:.0f} s")
        time.sleep(pause)


class SlurmCluster:
    """Partitions cpu, gpu, lab and labcancel (preempted by urgent); account lab; accounting in MariaDB.

    A context manager. ``environment`` is what a user's shell on the login node would hold.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: Dict[str, subprocess.Popen] = {}
        names = ("slurmctld", "slurmdbd", *NODES)
        self.ports = dict(zip(names, free_ports(len(names))))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "SRUN"))},
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
        }

    def __enter__(self) -> SlurmCluster:
        try:
            self._write()
            self.start_daemon("munged")
            self._start_database()
            self.start_daemon("slurmdbd")
            self._register()
            self.start_daemon("slurmctld")
            for node in NODES:
                self.start_daemon(node)
            self.wait_for_nodes()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # What it consists of

    def _write(self) -> None:
        for name in ("bin", "dev", "log", "run", "state", "mysql"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        (self.folder / "run").chmod(0o755)
        for number in range(max(NODES.values())):
            # /dev/null by another name: SLURM gives each job its own CUDA_VISIBLE_DEVICES.
            os.mknod(self.folder / "dev" / f"gpu{number}", 0o666 | 0o020000, os.makedev(1, 3))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._write_configuration("slurm.conf", slurm_conf(self.folder, self.ports))
        self._write_configuration("gres.conf", gres_conf(self.folder))
        self._write_configuration("slurmdbd.conf", slurmdbd_conf(self.folder, self.ports))
        for client in CLIENTS:
            self._write_client(client)

    def _write_configuration(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o600 if name == "slurmdbd.conf" else 0o644)

    def _write_client(self, name: str) -> None:
        """The client bound to this cluster: the plugin empties srun's environment of SLURM_*, SLURM_CONF too."""
        path = self.folder / "bin" / name
        path.write_text(
            f'#!/bin/sh\nexport SLURM_CONF="{self.folder}/slurm.conf"\nexec {shutil.which(name)} "$@"\n',
            encoding="utf-8",
        )
        path.chmod(0o755)

    # Daemons

    def _command(self, name: str) -> List[str]:
        here = self.folder
        if name == "munged":
            paths = {"key-file": "munge.key", "socket": "run/munge.socket", "pid-file": "run/munged.pid"}
            paths.update({"log-file": "log/munged.log", "seed-file": "run/munge.seed"})
            return ["munged", "--foreground", "--force", *(f"--{key}={here / path}" for key, path in paths.items())]
        if name == "mariadbd":
            return [
                *("mariadbd", "--no-defaults", "--user=root", f"--datadir={here}/mysql", "--skip-networking"),
                *(f"--socket={here}/run/mariadb.socket", f"--pid-file={here}/run/mariadbd.pid"),
                *("--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900", "--performance-schema=0"),
                *("--skip-log-bin", f"--log-error={here}/log/mariadbd.log"),
            ]
        return {"slurmdbd": ["slurmdbd", "-D"], "slurmctld": ["slurmctld", "-D"]}.get(
            name, ["slurmd", "-D", "-N", name]
        )

    def start_daemon(self, name: str) -> None:
        """Start one of munged, mariadbd, slurmdbd, slurmctld or a node's slurmd, and wait until it answers."""
        environment = {**self.environment, "MYSQL_UNIX_PORT": str(self.folder / "run" / "mariadb.socket")}
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(name)],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        answers = {
            "munged": (self.folder / "run" / "munge.socket").exists,
            "mariadbd": lambda: self._sql("select 1") == 0,
            "slurmdbd": lambda: self.call("sacctmgr", "-n", "list", "cluster").returncode == 0,
            "slurmctld": lambda: "is UP" in self.call("scontrol", "ping").stdout,
        }
        if name in answers:
            wait_until(lambda: self._alive(name) and answers[name](), name)

    def _alive(self, name: str) -> bool:
        if self.daemons[name].poll() is None:
            return True
        raise RuntimeError(f"{name} ended:\n{(self.folder / 'log' / f'{name}.out').read_text()[-2000:]}")

    def stop_daemon(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End one daemon as a restart or (SIGKILL) a crash would; jobs go on."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(timeout=60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    @contextlib.contextmanager
    def without(self, name: str, number: signal.Signals = signal.SIGTERM):
        """A daemon is away for as long as the block lasts."""
        self.stop_daemon(name, number)
        try:
            yield
        finally:
            self.start_daemon(name)

    def _start_database(self) -> None:
        here = self.folder
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={here}/mysql", "--skip-test-db"),
                *("--auth-root-authentication-method=socket", "--auth-root-socket-user=root"),
            ],
            env=self.environment,
            capture_output=True,
            check=True,
        )
        self.start_daemon("mariadbd")

    def _sql(self, statement: str) -> int:
        socket_path = self.folder / "run" / "mariadb.socket"
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={socket_path}", "-u", "root", "-e", statement],
            env=self.environment,
            capture_output=True,
            check=False,
        ).returncode

    def _register(self) -> None:
        for words in (
            "add cluster amela",
            "add account lab Cluster=amela Description=lab Organization=lab",
            "add user root Account=lab DefaultAccount=lab",
        ):
            self.check("sacctmgr", "-i", *words.split())

    # What a user does

    def call(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, cwd=self.folder
        )

    def check(self, *command: str) -> str:
        done = self.call(*command)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def wait_for_nodes(self) -> None:
        """Until every node takes jobs."""
        wait_until(
            lambda: (
                {state.strip("*") for state in self.call("sinfo", "-h", "-N", "-o", "%T").stdout.split()}.issubset(
                    STATES_AT_WORK
                )
                and len(self.call("sinfo", "-h", "-N", "-o", "%N").stdout.split()) >= len(NODES)
            ),
            "nodes that take jobs",
        )

    def queue(self, *filters: str) -> List[Dict[str, str]]:
        """Jobs that squeue lists now (not the ended ones): id, name, state, comment, node, partition."""
        keys = ("id", "name", "state", "node", "partition", "comment")
        said = self.check("squeue", "-h", "-o", "%i|%j|%T|%N|%P|%k", *filters)
        return [dict(zip(keys, line.split("|", len(keys) - 1))) for line in said.splitlines()]

    def accounting(self, name: str) -> List[Dict[str, str]]:
        """sacct's rows of a run's jobs (``name`` is its run id), once each has ended; requeues are rows too."""
        keys = (
            "JobIDRaw",
            "Partition",
            "State",
            "AllocTRES",
            "ReqTRES",
            "TimelimitRaw",
            "ReqMem",
            "Comment",
            "NodeList",
            "Elapsed",
        )

        def rows() -> List[Dict[str, str]]:
            said = self.check("sacct", "-X", "-n", "-P", "-D", "--name", name, f"--format={','.join(keys)}")
            return [dict(zip(keys, line.split("|"))) for line in said.splitlines()]

        # slurmdbd hears of a job's end a moment later.
        wait_until(lambda: all(row["State"].split()[0] in ENDED | {"REQUEUED"} for row in rows()), "end of all jobs")
        return rows()

    def close(self) -> None:
        """End every job and daemon of this cluster."""
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            jobs = self.call("squeue", "-h", "-o", "%A").stdout.split()
            if jobs:
                self.call("scancel", "--signal=KILL", "--full", *jobs)
                self.call("scancel", *jobs)
                with contextlib.suppress(TimeoutError):
                    wait_until(lambda: not self.call("squeue", "-h").stdout.strip(), "end of the jobs", 20)
        for name in reversed(list(self.daemons)):
            self.stop_daemon(name)
        for process in self._left_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _left_processes(self) -> List[int]:
        """What jobs left running: processes whose environment names this cluster's folder."""
        mark = f"{self.folder}/".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if int(path.parent.name) != os.getpid() and mark in path.read_bytes():
                    found.append(int(path.parent.name))
        return found
