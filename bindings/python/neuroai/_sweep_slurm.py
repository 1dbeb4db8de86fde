"""The script by which an array of Slurm runs a sweep."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Union

from ._handle import brief
from .errors import InvalidError


def script(
    folder: Path,
    tasks: int,
    at_once: Optional[int],
    options: Mapping[str, Union[str, int]],
    before: Sequence[str],
    python: str,
) -> str:
    """Its text: options of sbatch, and what each task does."""
    asked: Dict[str, Union[str, int]] = {"job-name": folder.name or "sweep", "ntasks": 1, "cpus-per-task": 1, **options}
    asked.setdefault("output", str(folder / "slurm-%a.txt"))
    asked["array"] = f"0-{tasks - 1}" + (f"%{at_once}" if at_once is not None else "")
    for name, value in asked.items():
        if not re.fullmatch(r"[a-z][a-z-]*", name) or re.search(r'[\n"]', str(value)):
            raise InvalidError(f"options: {brief(name)}: {brief(value)} cannot stand in a line of #SBATCH")
    lines = [f'#SBATCH --{name}="{value}"' for name, value in asked.items()]
    return "\n".join(["#!/bin/bash", *lines, *_commands(folder, tasks, before, python), ""])


def _commands(folder: Path, tasks: int, before: Sequence[str], python: str) -> List[str]:
    """Modules beside the script that planned the sweep are found as they were there."""
    beside = os.path.abspath(sys.path[0] or ".")
    command = ["exec", python, "-m", "neuroai", "sweep", str(folder)]
    return [
        "set -eu",
        f"cd {shlex.quote(os.getcwd())}",
        *before,
        f"export PYTHONPATH={shlex.quote(beside)}${{PYTHONPATH:+:$PYTHONPATH}}",
        "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1",
        f'{" ".join(map(shlex.quote, command))} "$SLURM_ARRAY_TASK_ID" {tasks}',
    ]
