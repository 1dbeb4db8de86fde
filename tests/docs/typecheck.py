"""README's Python and the cells of the tutorials have the right types, and misspelt names have not: by mypy and pyright.

Usage: typecheck.py [--pyright], by a Python that has mypy; with --pyright that is an error to lack. Where it is installed
it is asked in any case.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted(f"docs/tutorials/{page.name}" for page in (ROOT / "docs/tutorials").glob("*.md"))
MISSPELT = ROOT / "tests/docs/misspelt.py"


def blocks(page, language):
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)


def programs(folder):
    """A file for each page that has Python: its blocks, one after the other."""
    for page, language in [("README.md", "python"), *((page, r"\{code-cell\} ipython3") for page in TUTORIALS)]:
        found = blocks(page, language)
        if not found:
            sys.exit(f"{page}: no Python in it")
        (folder / f"{Path(page).stem.lower()}.py").write_text("\n\n".join(found), encoding="utf-8")
    shutil.copy(MISSPELT, folder)
    return sorted(folder.glob("*.py"))


def ask_mypy(folder, files):
    """File, line and message of each error."""
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--hide-error-context", "--cache-dir", folder / "mypy"]
    command = [sys.executable, "-m", "mypy", *options, *(file.name for file in files)]
    return asked(command, folder, r"^(\w+\.py):(\d+): error: (.*)$")


def ask_pyright(folder, files):
    """The same of pyright, at its standard strictness."""
    where = [path for path in sys.path if path.endswith("site-packages")]
    settings = {"extraPaths": [str(ROOT / "bindings/python"), *where], "typeCheckingMode": "standard", "reportUnusedExpression": "none"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return asked(["pyright", *(file.name for file in files)], folder, r"(\w+\.py):(\d+):\d+ - error: (.*)$")


def asked(command, folder, pattern):
    done = subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "MYPYPATH": str(ROOT / "bindings/python")},
    )
    found = re.findall(pattern, done.stdout, flags=re.M)
    if done.returncode not in (0, 1) or (done.returncode and not found):
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}\nfailed with status {done.returncode}")
    return [(file, int(line), message) for file, line, message in found]


def check(folder, ask, name):
    """Errors in all lines that are marked as wrong, and in no others."""
    wrong = {
        (MISSPELT.name, number)
        for number, line in enumerate(MISSPELT.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# wrong")
    }
    found = {(file, line): message for file, line, message in ask(folder, programs(folder))}
    failures = [f"{file}:{line}: {found[file, line]}" for file, line in sorted(found.keys() - wrong)]
    failures += [f"{file}:{line}: nothing said of what is wrong there" for file, line in sorted(wrong - found.keys())]
    if failures:
        sys.exit("\n".join([f"{name}:", *failures]))
    print(f"  ok      types of README.md and the tutorials, {len(wrong)} misspelt names: {name}")


def main(arguments):
    askers = {"mypy": ask_mypy}
    if shutil.which("pyright"):
        askers["pyright"] = ask_pyright
    elif "--pyright" in arguments:
        sys.exit("pyright is not installed")
    for name, ask in askers.items():
        with tempfile.TemporaryDirectory() as folder:
            check(Path(folder).resolve(), ask, name)


if __name__ == "__main__":
    main(sys.argv[1:])
