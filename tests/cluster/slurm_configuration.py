"""Configuration files of the cluster of the tests, as text."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Dict

NODES = {"cpu1": 0, "cpu2": 0, "gpu1": 2, "gpu2": 2}  # GPUs of each
CPUS = 8  # that each node claims, whatever the machine has
MEMORY = 64_000  # MB, likewise

SLURM = """\
ClusterName=amela
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={here}/run/munge.socket,cred_expire=10
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={here}/state
SlurmdSpoolDir={here}/spool-%n
SlurmctldPidFile={here}/run/slurmctld.pid
SlurmdPidFile={here}/run/%n.pid
SlurmctldLogFile={here}/log/slurmctld.log
SlurmdLogFile={here}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=5,sched_interval=5
PriorityType=priority/multifactor
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
DefMemPerCPU=500
MinJobAge=300
KillWait=30
InactiveLimit=0
Waittime=0
SlurmctldTimeout=30
SlurmdTimeout=30
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={here}/run/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations,limits,qos
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill,NoShared
{nodes}
PartitionName=cpu Nodes=cpu1,cpu2 Default=YES MaxTime=2-00:00:00 DefaultTime=10 State=UP
PartitionName=gpu Nodes=gpu1,gpu2 MaxTime=2-00:00:00 DefaultTime=10 State=UP
PartitionName=lab Nodes=gpu1 MaxTime=2-00:00:00 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE State=UP
PartitionName=labcancel Nodes=gpu1 MaxTime=2-00:00:00 DefaultTime=10 PriorityTier=1 PreemptMode=CANCEL State=UP
PartitionName=urgent Nodes=gpu1 MaxTime=2-00:00:00 DefaultTime=10 PriorityTier=100 PreemptMode=OFF State=UP
"""
SLURMDBD = """\
AuthType=auth/munge
AuthInfo=socket={here}/run/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=root
PidFile={here}/run/slurmdbd.pid
LogFile={here}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
CommunicationParameters=NoInAddrAny
"""


def slurm_conf(here: Path, ports: Dict[str, int]) -> str:
    """slurm.conf of a cluster below ``here``; ``ports`` by daemon and node."""
    host = socket.gethostname().split(".")[0]
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[name]} CPUs={CPUS}"
        f" RealMemory={MEMORY}{f' Gres=gpu:h200:{gpus}' if gpus else ''} State=UNKNOWN"
        for name, gpus in NODES.items()
    )
    return SLURM.format(here=here, host=host, nodes=nodes, **ports)


def gres_conf(here: Path) -> str:
    """gres.conf: the files that stand for GPUs."""
    lines = [
        f"NodeName={name} Name=gpu Type=h200 File={here}/dev/gpu[0-{gpus - 1}]" for name, gpus in NODES.items() if gpus
    ]
    return "\n".join(["AutoDetect=off", *lines, ""])


def slurmdbd_conf(here: Path, ports: Dict[str, int]) -> str:
    """slurmdbd.conf: accounting in a MariaDB that listens to a socket below ``here``."""
    return SLURMDBD.format(here=here, **ports)
