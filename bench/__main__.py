"""The cost of a step, as one table: `python -m bench` (or `make bench`).

CPU is the child's user and system time, with the same process doing nothing taken off where the
limit is for a step; commits are the fsync and fdatasync calls that strace counts. Each figure is
the median of three runs. Wall time is not measured: on a shared machine it is noise.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

__all__: list[str] = []

RUNS = 3
Row = tuple[str, str, str]


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="smithers-bench-"))


def _steps(shape: str, kind: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.steps", shape, kind, str(count)]
    done = subprocess.run(
        [*command, str(_folder() / "bench.db")], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _median(shape: str, kind: str, count: int) -> dict[str, float]:
    runs = [_steps(shape, kind, count) for _ in range(RUNS)]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def _syncs(shape: str, count: int) -> int | None:
    """How often a run of `count` steps made the disk keep something, by strace."""
    if shutil.which("strace") is None:
        return None
    trace = _folder() / "trace"
    subprocess.run(
        [
            *("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(trace)),
            *(sys.executable, "-m", "bench.steps", shape, "async", str(count)),
            str(_folder() / "bench.db"),
        ],
        capture_output=True,
        check=True,
    )
    return len(re.findall(r"^\d+ +f(?:data)?sync\(", trace.read_text(), re.MULTILINE))


def _cpu_s(command: list[str], folder: Path) -> float:
    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    once()
    return median(once() for _ in range(RUNS))


def _sequences() -> list[Row]:
    start = _median("sequence", "async", 1)["cpu_s"]
    rows: list[Row] = []
    for kind, limit in (("async", "0.5 ms"), ("sync", "0.9 ms")):
        cost = (_median("sequence", kind, 1000)["cpu_s"] - start) / 1000
        rows.append((f"CPU a step, sequence of 1000 {kind}", f"{cost * 1000:.2f} ms", limit))
    long = (_median("sequence", "async", 10_000)["cpu_s"] - start) / 10_000
    rows.append(("CPU a step, sequence of 10 000 async", f"{long * 1000:.2f} ms", "flat"))
    syncs = [_syncs("sequence", count) for count in (10, 110)]
    if None not in syncs:
        more = (syncs[1] or 0) - (syncs[0] or 0)
        rows.append(("synced commits of 100 more steps in sequence", str(more), "100 + O(1)"))
    return rows


def _fan_outs() -> list[Row]:
    start = _median("parallel", "async", 1)["cpu_s"]
    rows: list[Row] = []
    small = (_median("parallel", "async", 200)["cpu_s"] - start) / 200
    for kind, limit in (("async", "0.25 ms"), ("sync", "0.4 ms")):
        large = _median("parallel", kind, 10_000)
        cost = (large["cpu_s"] - start) / 10_000
        rows.append((f"CPU a step, fan-out of 10 000 {kind}", f"{cost * 1000:.2f} ms", limit))
        if kind == "async":
            rows += [
                ("the same against a fan-out of 200", f"{cost / small:.2f} times", "1.25 times"),
                ("frames of the fan-out of 10 000", f"{large['frames']:.0f}", "under 10 000"),
                ("peak memory of it", f"{large['memory_mb']:.0f} MB", "250 MB"),
                ("database a step", f"{large['bytes'] / 10_000:.0f} bytes", "1024 bytes"),
            ]
    return rows


def _starts() -> list[Row]:
    folder = _folder()
    smithers = [sys.executable, "-m", "smithers"]
    subprocess.run(
        [sys.executable, "-m", "bench.steps", "sequence", "async", "3", str(folder / "b.db")],
        capture_output=True,
        check=True,
    )
    version = _cpu_s([*smithers, "--version"], folder)
    runs = _cpu_s([*smithers, "ps", "--db", str(folder / "b.db")], folder)
    return [
        ("CPU of smithers --version", f"{version:.2f} s", "0.15 s"),
        ("CPU of smithers ps", f"{runs:.2f} s", "0.35 s"),
    ]


def main() -> None:
    parts: list[Callable[[], list[Row]]] = [_sequences, _fan_outs, _starts]
    print(f"{'what':46}  {'measured':>14}  {'limit':>14}")
    for part in parts:
        for what, measured, limit in part():
            print(f"{what:46}  {measured:>14}  {limit:>14}", flush=True)
    print(f"Python {sys.version.split()[0]}; repeat it with: {Path(sys.executable).name} -m bench")


if __name__ == "__main__":
    main()
