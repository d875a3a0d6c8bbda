"""Processes that train one model together: one for each GPU, on one machine or on several nodes of SLURM.

Every process runs the same script. A batch is divided over them (``share``), gradients are
those of the whole batch (``backward``), and the first process alone writes.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Sequence, TypeVar

import torch
from torch import nn

from amela.errors import AmelaError
from amela.training.device import prepare_device
from amela.training.interruption import Interrupted

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Item = TypeVar("Item")

logger = logging.getLogger("processes")


class Processes:
    """This process among all that train one model; by default there is no other."""

    def __init__(self, device: torch.device, fabric: Optional[Fabric] = None) -> None:
        self.device = device
        self.rank = fabric.global_rank if fabric else 0
        self.size = fabric.world_size if fabric else 1
        self._fabric = fabric

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """This process's items: every ``size``-th, maybe none."""
        return items[self.rank :: self.size]

    def join(self, module: nn.Module) -> nn.Module:
        """``module``, with the first process's weights; called through this, gradients are joined."""
        return self._fabric.setup_module(module) if self._fabric else module

    def backward(self, total: torch.Tensor, count: int) -> None:
        """Gradients of the mean over a whole batch.

        Args:
            total: sum of the losses of this process's share; 0 where that is empty.
            count: losses of the whole batch, over all processes.
        """
        mean = total / (count / self.size)  # the processes' gradients are averaged
        if self._fabric:
            self._fabric.backward(mean)
        else:
            mean.backward()

    def gather(self, value: Any) -> List[Any]:
        """The values of all processes, in their order."""
        values = [value] * self.size
        if self._fabric:
            torch.distributed.all_gather_object(values, value)
        return values

    def broadcast(self, value: Any) -> Any:
        """The first process's value; others may give None."""
        return self._fabric.broadcast(value) if self._fabric else value

    def largest(self, value: int) -> int:
        """The largest of all processes' values."""
        if not self._fabric:
            return value
        return int(self._fabric.all_reduce(torch.tensor(value, device=self.device), reduce_op="max"))

    def wait(self) -> None:
        """Until every process is here."""
        if self._fabric:
            self._fabric.barrier()


@contextmanager
def training_processes(gpus: int, nodes: int) -> Iterator[Processes]:
    """Start what trains together, and end it together.

    On one machine the first process starts the others. For several nodes, inside a job of
    SLURM, this process makes way for ``srun``, which starts all of them.

    Args:
        gpus: GPUs over all nodes, a process for each; 0 or 1: this process alone, on the
            GPU if the machine has one. Without CUDA they run on the CPU.
        nodes: over which they are divided evenly.

    Raises:
        AmelaError: they cannot be divided, there are fewer GPUs, or no job of SLURM to hold the nodes.
    """
    size = max(1, gpus)
    if size % nodes:
        raise AmelaError(f"{gpus} GPUs cannot be divided over {nodes} nodes", todo="make gpu a multiple of nodes")
    if nodes > 1 and not _is_task(size):
        _become_tasks(size, nodes)
    device = prepare_device()
    if gpus and device.type == "cpu":
        logger.warning("no GPU can be used, though %d were asked for: training on the CPU", gpus)
    if size == 1:
        yield Processes(device)
        return
    fabric = _start(size, nodes, device)
    processes = Processes(fabric.device, fabric)
    try:
        yield processes
        torch.distributed.destroy_process_group()
    except Interrupted:
        torch.distributed.destroy_process_group()
        if processes.rank == 0:  # its word stands for all
            raise
    except BaseException:
        for other in getattr(fabric.strategy.launcher, "procs", []):
            other.kill()  # it would wait for this one
        raise


def _is_task(size: int) -> bool:
    """Whether srun has started this process as one of ``size``."""
    return "SLURM_PROCID" in os.environ and os.environ.get("SLURM_STEP_NUM_TASKS") == str(size)


def _become_tasks(size: int, nodes: int) -> None:
    """Replace this process by srun, which runs its command line once for each process."""
    if "SLURM_JOB_ID" not in os.environ:
        raise AmelaError(f"{nodes} nodes, but this is no job of SLURM", todo="set nodes: 1, or use the profile slurm")
    command = [
        "srun",
        *(f"--nodes={nodes}", f"--ntasks={size}", f"--ntasks-per-node={size // nodes}"),
        *("--cpu-bind=none", "--overlap", "--kill-on-bad-exit=1"),
        *(sys.executable, *sys.argv),
    ]
    logger.info("%s", shlex.join(command))
    os.execvp(command[0], command)


def _start(size: int, nodes: int, device: torch.device) -> Fabric:
    # Here, because importing it takes longer than importing PyTorch.
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment

    here = size // nodes
    if device.type == "cuda" and torch.cuda.device_count() < here:
        raise AmelaError(f"{here} GPUs were asked for on this machine, PyTorch sees {torch.cuda.device_count()}")
    environment = SLURMEnvironment() if _is_task(size) else LightningEnvironment()
    fabric = Fabric(accelerator=device.type, strategy="ddp", devices=here, num_nodes=nodes, plugins=[environment])
    fabric.launch()
    torch.set_num_threads(1)  # it has set a share of the cores
    if fabric.global_rank:
        logging.getLogger().setLevel("WARNING")
    logger.info("%d processes on %d nodes, %s", size, nodes, device.type)
    return fabric
