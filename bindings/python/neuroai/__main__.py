"""``python -m neuroai``: what is installed; ``info FILE``: what a model file holds; ``plot FILE``: a picture of it;
``tasks [NAME]``: the built-in tasks; sizes and parameters of one; ``sweep FOLDER TASK TASKS``: networks of a sweep, for a
script of an array."""

from __future__ import annotations

import argparse
import json
import os
import platform
import struct
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Sequence

from . import _needed

_needed.needed("numpy")

import numpy as np  # noqa: E402 # after the line that says so where it is missing

from . import __version__, _c, build_info, errors, tasks  # noqa: E402
from ._sweep_plan import run_task  # noqa: E402
from .network import Network  # noqa: E402

#: A header that is longer is no safetensors file's.
MOST_HEADER = 100 << 20
SIGNS = {1: "excitatory", -1: "inhibitory", 0: "free sign"}

# --- what is installed -----------------------------------------------------------------------------------------------


def about() -> Iterator[str]:
    """Version, library, kernels and tasks."""
    yield f"neuroai {__version__}"
    yield build_info()
    yield f"library   {os.path.realpath(_c.path) if os.path.exists(_c.path) else _c.path}"
    yield f"kernels   {Network(dt=1).kernels}, on {platform.machine()}"
    yield f"Python    {platform.python_version()}, NumPy {np.__version__}"
    yield f"tasks     {len(tasks.available())}: {', '.join(tasks.available())}"


def about_tasks(name: Optional[str]) -> Iterator[str]:
    """The names of the tasks, or the sizes and parameters of one."""
    if name is None:
        yield from tasks.available()
    else:
        yield from (line.strip() for line in (tasks.named(name).__doc__ or "").splitlines()[2:] if line)


# --- what a file holds -----------------------------------------------------------------------------------------------


def header_of(path: str) -> Dict[str, Any]:
    """What the file says of itself: its network, and of a checkpoint the trainer and how far it has come."""
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= MOST_HEADER:
                raise ValueError
            said = json.loads(json.loads(file.read(length))["__metadata__"]["neuroai"])
            if not isinstance(said, dict):
                raise ValueError
            return said
    except OSError as error:
        raise errors.from_status(_c.NAI_ERR_FILE, f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise errors.from_status(_c.NAI_ERR_FORMAT, f"{path} is no model file of neuroai") from None


def number_in_words(value: Any, unit: str = "") -> str:
    """A number of all units; one for each unit is named in the file, and has a tensor of its own."""
    return f"{value:g}{unit}" if isinstance(value, (int, float)) else "by unit"


def populations_of(header: Dict[str, Any]) -> Iterator[str]:
    """A line for each input, population and output."""
    for one in header.get("inputs", []):
        yield f"  input       {one['name']:<16} {one['n']:>7} channels"
    for one in header.get("populations", []):
        model = one.get("model", "rate")
        model = model if isinstance(model, str) else model.get("name", "own model")
        words = [SIGNS.get(one.get("sign", 0), "?"), model]
        words += [str(one["transfer"])] if model == "rate" and "transfer" in one else []
        words += [f"tau {number_in_words(one['tau'], ' ms')}"] if "tau" in one else []
        words += [f"noise {number_in_words(one['noise'])}"] if one.get("noise") else []
        yield f"  population  {one['name']:<16} {one['n']:>7} units: {', '.join(words)}"
    for one in header.get("outputs", []):
        yield f"  output      {one['name']:<16} {one['n']:>7} channels"


def synapses_of(net: Network) -> Iterator[str]:
    """A line for each projection: how many synapses, and their weights."""
    for source, target in net.projections:
        weights = net.synapses(source, target).weight
        pairs = net.size(source.split(":")[0]) * net.size(target.split(":")[0])
        spread = f", weights {weights.min():.3g} to {weights.max():.3g}" if len(weights) else ""
        share = 100 * len(weights) / pairs
        yield f"  {source + ' -> ' + target:<28} {len(weights):>9} synapses ({share:.3g} % of pairs){spread}"


def training_of(header: Dict[str, Any]) -> Iterator[str]:
    """Of a checkpoint: what it was being trained by, and how far it has come."""
    trainer, progress = header.get("trainer"), header.get("progress", {})
    if trainer is None:
        return
    task = trainer.get("task") or {}
    costs = ", ".join(f"{cost['beta']:g} {cost['name']}" for cost in trainer.get("costs", []))
    yield "training"
    yield f"  task        {task.get('name', 'given trials') if isinstance(task, dict) else task}"
    yield f"  rule        {trainer.get('rule', '?')}, by {trainer.get('optimizer', {}).get('name', '?')}"
    yield f"  cost        {costs}"
    yield f"  updates     {progress.get('updates', '?')}, performance {progress.get('performance', float('nan')):.3g}"


def info(path: str) -> Iterator[str]:
    """What a model file or checkpoint holds. A network that asks for its user's own code is described without weights."""
    header = header_of(path)
    kind = "checkpoint" if "trainer" in header else "network"
    try:
        net: Optional[Network] = Network.load(path, progress=False)
        why = ""
    except (errors.UnknownNameError, errors.UnsupportedError) as error:
        net, why = None, str(error)
    yield f"{kind} by neuroai {header.get('library', '?')}, dt {header.get('dt', float('nan')):g} ms, {os.path.getsize(path)} bytes"
    yield from populations_of(header)
    if net is None:
        yield f"weights are not shown: {why}"
    else:
        yield from synapses_of(net)
    yield from training_of(header)


# --- a picture of it -------------------------------------------------------------------------------------------------


def plot(path: str, output: Optional[str], task: Optional[str], seed: int) -> Iterator[str]:
    """Weights, their distribution and their spectrum; with a task a trial of it as well. Says where the pictures are."""
    _needed.needed("matplotlib", "neuroai plot")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from . import plot as pictures

    net = Network.load(path, progress=False)
    stem, end = os.path.splitext(output or os.path.splitext(path)[0] + ".png")
    trial = None if task is None else net.run(named(task).trials(net, 1, seed=seed), seed=seed, progress=False)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    panels: Any = (
        (pictures.weights, {}),
        (pictures.weight_distribution, {"by": "sign"}),
        (pictures.spectrum, {"progress": False}),
    )
    for ax, (draw, options) in zip(axes, panels):
        try:
            draw(net, ax=ax, **options)
        except errors.InvalidError as error:  # a network without synapses among its populations
            ax.set_axis_off()
            ax.text(0.5, 0.5, textwrap.fill(str(error), 36), ha="center", va="center", transform=ax.transAxes)
    figure.savefig(stem + end, dpi=150, bbox_inches="tight")
    yield stem + end
    if trial is not None:
        pictures.activity(trial)[0].figure.savefig(stem + "-trial" + end, dpi=150, bbox_inches="tight")
        yield stem + "-trial" + end


def named(task: str) -> "tasks.BuiltinTask":
    """The task of this name, with its defaults."""
    return tasks.named(task)()


# --- networks of a sweep ---------------------------------------------------------------------------------------------


def trained(folder: str, task: int, tasks: int) -> Iterator[str]:
    """Trains what a task of an array has to train; a line for each network. Ends with an error where one failed."""
    failed = 0
    for record in run_task(Path(folder), task, tasks):
        failed += bool(record["error"])
        yield ", ".join(f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}" for name, value in record.items() if value != "")
    if failed:
        raise errors.Error(f"{failed} of them failed; error.txt in their folders says why")


# --- the command line ------------------------------------------------------------------------------------------------
def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made = argparse.ArgumentParser(prog="python -m neuroai", description="What is installed; model files, and pictures of them.")
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    one = commands.add_parser("info", help="what a model file or checkpoint holds")
    one.add_argument("file")
    one = commands.add_parser("plot", help="a picture of a network: weights, their distribution, their spectrum")
    one.add_argument("file")
    one.add_argument("-o", "--output", metavar="PICTURE", help="default: FILE.png; .pdf and .svg too")
    one.add_argument("--task", metavar="NAME", help="and of a trial of this task, in PICTURE-trial")
    one.add_argument("--seed", type=int, default=0, help="of that trial")
    one = commands.add_parser("tasks", help="the built-in tasks; sizes and parameters of one")
    one.add_argument("name", nargs="?")
    one = commands.add_parser("sweep", help="networks TASK, TASK + TASKS, ... of a planned sweep, for scripts of arrays")
    one.add_argument("folder")
    one.add_argument("task", type=int)
    one.add_argument("tasks", type=int)
    return made


def lines_of(given: argparse.Namespace) -> Iterator[str]:
    """What a command says."""
    if given.command == "info":
        return info(given.file)
    if given.command == "plot":
        return plot(given.file, given.output, given.task, given.seed)
    if given.command == "sweep":
        return trained(given.folder, given.task, given.tasks)
    return about_tasks(given.name) if given.command == "tasks" else about()


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Prints what was asked for; 1 where it cannot be."""
    try:
        for line in lines_of(parser().parse_args(arguments)):
            print(line)
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (errors.Error, ImportError, OSError) as error:
        print(f"neuroai: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
