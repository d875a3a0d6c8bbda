"""How Snakemake is called: as the newest run was, unless told otherwise."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from resources import TOLD_HOURS

from .dry_run import DryRun, NotADryRun, parse_dry_run
from .processes import is_locked
from .run_log import Run

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 1.0  # s
ATTEMPTS = 3  # of a dry run beside a run, whose files come and go
SAID = 20  # lines of what Snakemake said that are passed on
ERROR = re.compile(r"^\w+(?:Error|Exception)\b")


class SnakemakeFailed(Exception):
    """Snakemake refused; the message is what it said."""


@dataclass(frozen=True)
class Invocation:
    """Snakemake with the options of a run, in the working directory ``folder``."""

    folder: Path
    options: Tuple[str, ...]
    snakemake: Tuple[str, ...]

    def command(self, *arguments: str) -> List[str]:
        return [*self.snakemake, *arguments, *self.options]

    def run(self, *arguments: str, environment: Optional[Dict[str, str]] = None) -> str:
        """Standard output of Snakemake. Rules state what jobs will cost (TOLD_HOURS is set). Raises SnakemakeFailed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={TOLD_HOURS: "{}", **os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SnakemakeFailed(reason_of(done.stdout + done.stderr))
        return done.stdout

    def with_config(self, path: Path) -> Invocation:
        """The same with another configuration."""
        options = list(self.options)
        if "--configfile" in options:
            first = options.index("--configfile")
            last = next((i for i in range(first + 1, len(options)) if options[i].startswith("-")), len(options))
            del options[first:last]
        return replace(self, options=(*options, "--configfile", str(path)))

    def dry_run(self, *arguments: str, environment: Optional[Dict[str, str]] = None) -> DryRun:
        """What a dry run lists. It takes no lock and writes nothing, so that it works beside a run.

        Files that are being written count as not yet made: ``--rerun-incomplete`` says so of those of
        which a part is there already. While the folder is locked, by a run or by one that was killed, a dry
        run that fails is tried again: a file may have come between two looks at it.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                said = self.run("--dry-run", "--rerun-incomplete", *arguments, environment=environment)
                break
            except SnakemakeFailed:
                if attempt == ATTEMPTS or not is_locked(self.folder):
                    raise
                time.sleep(PAUSE)
        try:
            return parse_dry_run(said)
        except NotADryRun as error:
            raise SnakemakeFailed(f"the dry run lists no jobs (is `quiet` or `logger` set?): {error}") from None


def reason_of(said: str) -> str:
    """The last error that Snakemake told of, without the jobs that it listed before."""
    lines = said.strip().splitlines()
    errors = [number for number, line in enumerate(lines) if ERROR.match(line)]
    return "\n".join(lines[errors[-1] :][:SAID] if errors else lines[-SAID:])


def dry_runs(
    snakemake: Invocation, wanted: Sequence[Sequence[str]], environment: Optional[Dict[str, str]] = None
) -> List[DryRun]:
    """Dry runs with these arguments each, beside each other."""
    with ThreadPoolExecutor(len(wanted)) as pool:
        runs = [pool.submit(snakemake.dry_run, *arguments, environment=environment) for arguments in wanted]
        return [run.result() for run in runs]


def find_snakemake(newest: Optional[Run]) -> Tuple[str, ...]:
    """The newest run's Snakemake, else the project's, else the one on PATH; without conda, through the stand-in."""
    places = [Path(newest.command.split(" ")[0]).parent] if newest and newest.command else []
    places += [ROOT / ".venv" / "bin", Path(sys.executable).parent]
    found = shutil.which("snakemake", path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    if not found:
        sys.exit("error: no snakemake in .venv or on PATH — run `make setup`, or activate its environment")
    has_conda = subprocess.run([str(ROOT / "tools" / "has-conda")], check=False, stderr=subprocess.DEVNULL)
    return (found,) if has_conda.returncode == 0 else (str(ROOT / "tools" / "without-conda"), found)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options that say which run is meant."""
    parser.add_argument("--configfile", metavar="F", help="configuration (default: that of the newest run)")
    parser.add_argument("--profile", metavar="P", help="profile (default: that of the newest run, where it had one)")
    parser.add_argument("--directory", metavar="D", type=Path, default=Path(), help="working directory (default: here)")
    parser.add_argument("snakemake", nargs="*", metavar="-- ARGUMENT", help="more arguments for Snakemake")


def invocation(args: argparse.Namespace, newest: Optional[Run]) -> Invocation:
    """The invocation that ``args`` (of ``add_options``) and the newest run tell; exits without its configuration."""
    for file in config_files(args, newest):
        if not (args.directory / file).is_file():
            whose = "" if args.configfile else " (that of the newest run)"
            sys.exit(f"error: there is no configuration {file}{whose}")
    return Invocation(args.directory, tuple(run_options(args, newest)), find_snakemake(newest))


def run_options(args: argparse.Namespace, newest: Optional[Run]) -> Sequence[str]:
    files = config_files(args, newest)
    profile = profile_of(args, newest)
    options = list(args.snakemake)
    if files and "--configfile" not in options:
        options += ["--configfile", *files]
    if profile:
        options += ["--profile", profile]
    elif "--sdm" not in options:
        options += ["--sdm", "conda"]
    return options


def config_files(args: argparse.Namespace, newest: Optional[Run]) -> List[str]:
    """Configurations that are meant; none where it is the default one."""
    return [args.configfile] if args.configfile else list(newest.config_files) if newest else []


def meant(args: argparse.Namespace, newest: Optional[Run]) -> str:
    """One line: which configuration and profile are meant."""
    files = ", ".join(config_files(args, newest)) or "config/config.yaml"
    profile = profile_of(args, newest)
    as_before = newest is not None and not args.configfile and args.profile is None
    whose = " (as in the newest run)" if as_before else ""
    return f"configuration {files}, {f'profile {profile}' if profile else 'no profile'}{whose}"


def profile_of(args: argparse.Namespace, newest: Optional[Run]) -> str:
    """The profile that is meant; empty where there is none."""
    return args.profile if args.profile is not None else newest.profile if newest else ""
