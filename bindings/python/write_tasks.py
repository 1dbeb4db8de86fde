"""Writes what is written of the built-in tasks from what the library says of them: neuroai/tasks.pyi, for type checkers and
editors, and the table of docs/tasks.md.

Usage: write_tasks.py [--check], with the package importable. With --check nothing is written; fails where a file is not
what the library asks for. A test of the package does the same.
"""

import sys
from pathlib import Path

import neuroai as na

HERE = Path(__file__).resolve().parent
STUB = HERE / "neuroai/tasks.pyi"
PAGE = HERE.parents[1] / "docs/tasks.md"
BEGIN, END = "<!-- catalogue: make tasks -->\n", "<!-- end of the catalogue -->\n"

#: Where a class says more than its base.
IGNORED = "  # type: ignore[override]"

TOP = '''"""The tasks of the library, and what each is, as the library describes them: written by ``make tasks``, not by hand."""

from typing import Any, ClassVar

from ._builtin_tasks import YANG_RULES as YANG_RULES
from ._builtin_tasks import BuiltinTask as BuiltinTask
from ._builtin_tasks import Values
from ._builtin_tasks import available as available
from ._builtin_tasks import named as named
from ._builtin_tasks import parameters as parameters
from ._builtin_tasks import wcst_curriculum as wcst_curriculum
from .neurogym import Neurogym as Neurogym
'''


def strings(names):
    return "(" + "".join(f'"{name}", ' for name in names).rstrip(" " if len(names) == 1 else ", ") + ")"


def keywords(kind, of_method, note=""):
    """A line for each parameter, as an argument."""
    values = (f"        {name}: {'Values' if about.list else 'float'} = ...,\n" for name, about in kind.parameters.items())
    return f"    def {of_method}({note}\n        self,\n        *,\n" + "".join(values)


def one(kind):
    """The class of one task."""
    doc = (line.rstrip() for line in kind.__doc__.strip().splitlines())
    members = {
        "task_name": ("ClassVar[str]", f'"{kind.task_name}"'),
        "n_inputs": ("int", kind.n_inputs),
        "more_inputs": ("ClassVar[int | None]", kind.more_inputs),
        "n_outputs": ("int", kind.n_outputs),
        "classes": ("bool", kind.classes),
        "has_times": ("ClassVar[bool]", kind.has_times),
        "conditions": ("tuple[str, ...]", strings(kind.conditions)),
        "epochs": ("tuple[str, ...]", strings(kind.epochs)),
    }
    lines = [f"class {kind.__name__}(BuiltinTask):", '    """' + "\n    ".join(doc).replace("\n    \n", "\n\n"), '    """', ""]
    lines += [f"    {name}: {kind_of} = {value}" for name, (kind_of, value) in members.items()]
    lines += ["", keywords(kind, "__init__") + "    ) -> None: ..."]
    lines += [keywords(kind, "replace", IGNORED) + f"    ) -> {kind.__name__}: ..."]
    for name in kind.parameters:
        if callable(getattr(na.Task, name, None)):
            continue  # the method: WCST.trials
        note = IGNORED if hasattr(na.Task, name) else ""
        lines += ["    @property", f"    def {name}(self) -> {'float | Any' if kind.parameters[name].list else 'float'}: ...{note}"]
    return "\n".join(lines) + "\n"


def stub():
    """The text of the file."""
    return "\n".join([TOP, *(one(na.tasks.named(name)) for name in na.tasks.available())])


def line(kind):
    """A task in the table of docs/tasks.md."""
    more = f" or {kind.more_inputs}" if kind.more_inputs else ""
    conditions = (f"{name} ({kind.units[name]})" if name in kind.units else name for name in kind.conditions)
    cells = (
        f"{kind.task_name} `{kind.__name__}`",
        f"{kind.n_inputs}{more}",
        kind.n_outputs,
        "classes" if kind.classes else "targets",
        ", ".join(kind.epochs),
        ", ".join(conditions),
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def page(text):
    """The page with its table as the library has the tasks; of the twenty of Yang et al., which are alike, the mixture."""
    kinds = [na.tasks.named(name) for name in na.tasks.available() if not name.startswith("yang-") or name == "yang-mixed"]
    table = "| task | in | out | learns | epochs | conditions |\n|---|---|---|---|---|---|\n" + "".join(map(line, kinds))
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table + "\n" + END + rest.split(END)[1]


def main():
    for file, text in ((STUB, stub()), (PAGE, page(PAGE.read_text(encoding="utf-8")))):
        if "--check" not in sys.argv[1:]:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            sys.exit(f"{file}: not as the library describes its tasks; make tasks writes it")


if __name__ == "__main__":
    main()
