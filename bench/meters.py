"""What the kernel says of processes: processor time and memory, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for parent in found:
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in listed.read_text().split()]
            except OSError:
                continue
    return found


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Processor time (user and system) that each of these processes has used so far; one that is gone is left out."""
    found = {}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[pid] = (int(fields[11]) + int(fields[12])) / _TICK
    return found


def used(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Processor time between two readings; of a process that ended between them nothing is known after the first."""
    return sum(now - before.get(pid, 0.0) for pid, now in after.items())


def pss_megabytes(pids: Iterable[int]) -> float:
    """Memory of these processes, shared pages counted once in all (PSS), in MB of 10^6 bytes."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / 1e6


def machine() -> str:
    """The machine in a few words."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024 / 1e9
    return f"{os.cpu_count()} × {model}, {memory:.0f} GB"
