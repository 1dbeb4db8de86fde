"""What was measured, kept in the build folder: one file for each measure and seed, with a key of what made it.

The key is of the program of the measure (all that it uses of its file and of the other files here, without comments
and docstrings), of the library's file and its Python package, and of the environment variables that the program names.
A value whose key is still the same is not measured again; so an interrupted run goes on where it was, and a changed row
or library runs anew. The harness itself is no part of the key, and nor is what judges and draws.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional

HERE = Path(__file__).parent
#: Of this folder, but what a measure returns does not depend on them.
HARNESS = ("harness", "kept", "running", "page", "run")


# --- what makes a value ----------------------------------------------------------------------------------------------


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False):
            node.body = body[1:] or [ast.Pass()]
    return tree


def _local(name: str) -> Optional[Path]:
    """The file of a module of this folder that is not the harness's."""
    path = HERE / f"{name}.py"
    return path if name not in HARNESS and path.is_file() else None


def _whole(path: Path, seen: Dict[Path, str]) -> None:
    """Adds a file, and the files of this folder that it imports."""
    if path in seen:
        return
    tree = _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))
    seen[path] = ast.dump(tree)
    for node in ast.walk(tree):
        for imported in _imported(node):
            _whole(imported, seen)


def _imported(node: ast.AST) -> List[Path]:
    names: List[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module]
    return [path for path in map(_local, names) if path]


def _binds(statement: ast.stmt) -> Iterable[str]:
    """Names that a statement at the top level of a file gives something to."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            yield node.asname or node.name.split(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def program(measure: Callable[..., Any]) -> str:
    """All statements of its file that a function needs, and the files of this folder that those import."""
    path = Path(sys.modules[measure.__module__].__file__ or "")
    tree = _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))
    bound: Dict[str, List[int]] = {}
    for index, statement in enumerate(tree.body):
        for name in _binds(statement):
            bound.setdefault(name, []).append(index)
    waiting, reached = [measure.__name__], set()
    while waiting:
        for index in bound.get(waiting.pop(), ()):
            if index not in reached:
                reached.add(index)
                names = (node.id for node in ast.walk(tree.body[index]) if isinstance(node, ast.Name))
                waiting += names
    files: Dict[Path, str] = {}
    for index in reached:
        for imported in _imported(tree.body[index]):
            _whole(imported, files)
    return "\n".join([ast.dump(tree.body[index]) for index in sorted(reached)] + [files[key] for key in sorted(files)])


@lru_cache(maxsize=None)
def library() -> str:
    """The library that is loaded: version and the beginning of a hash of its file and its Python package."""
    import neuroai as na

    digest = hashlib.sha256(Path(na._c.path).resolve().read_bytes())
    for path in sorted(Path(na.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"{na.__version__}-{digest.hexdigest()[:10]}"


@lru_cache(maxsize=None)
def key(measure: Callable[..., Any], by: str = "") -> str:
    """Of all that its values depend on but the seed and whether the run is quick. ``by``: library(), if known."""
    code = program(measure)
    # as text: a name of the program may be a variable of the environment by chance, such as the shell's "_"
    settings = [f"{name}={os.environ[name]}" for name in sorted(os.environ) if f"Constant(value='{name}')" in code]
    return hashlib.sha256("\n".join([by or library(), code, *settings]).encode()).hexdigest()


# --- the store -------------------------------------------------------------------------------------------------------


#: Of a record: kind is "value", "failed" or "not run"; library is that which made it, and key all that did.
FIELDS = {"kind", "value", "seconds", "date", "library", "key"}


class Kept:
    """Records by measure, seed and form."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, measure: Callable[..., Any], seed: int, quick: bool) -> Path:
        name = f"{measure.__module__}.{measure.__name__}"
        return self.folder / ("quick" if quick else "whole") / name / f"{seed}.json"

    def get(self, measure: Callable[..., Any], seed: int, quick: bool) -> Optional[Dict[str, Any]]:
        """What is kept, whatever made it; None where nothing is, or where the file is damaged."""
        try:
            record = json.loads(self._path(measure, seed, quick).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) and FIELDS <= set(record) else None

    def put(self, measure: Callable[..., Any], seed: int, quick: bool, record: Dict[str, Any]) -> None:
        """Keeps it; that something cannot be run now does not undo that it was."""
        old = self.get(measure, seed, quick)
        if record["kind"] == "not run" and old is not None and old["kind"] == "value":
            return
        path = self._path(measure, seed, quick)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(path)

    def current(self, measure: Callable[..., Any], seed: int, quick: bool) -> bool:
        """Whether there is a value that what is there now would make again."""
        record = self.get(measure, seed, quick)
        return record is not None and record["kind"] == "value" and record["key"] == key(measure)
