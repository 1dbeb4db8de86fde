"""What README.md and docs/ say is true: their programs run, their diffs apply and compile, their links lead somewhere.

Usage: run.py BUILD   (the build folder with the shared library), by a Python that has neuroai; CC and CFLAGS as in make.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import coming_from
import typecheck
from typecheck import ROOT, TUTORIALS, blocks

sys.path.insert(0, str(ROOT / "tests/package"))
import first_minutes  # noqa: E402

PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")), *TUTORIALS]
CC = shlex.split(os.environ.get("CC", "cc"))
LEARNT = 0.75  # fraction correct; chance is 0.5


def run(command, **options):
    """Runs a command and gives what it printed; ends with all of it when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}\nfailed with status {done.returncode}")
    return done.stdout


def learnt(output, what):
    """Fails unless the last number that follows `correct` says that something was learnt."""
    found = re.findall(r"correct (\d\.\d+|nan)", output)
    if not found or not float(found[-1]) >= LEARNT:
        sys.exit(f"{what}: expected at least {LEARNT} correct at the end, it printed\n{output[-2000:]}")


def written(folder, *names):
    for name in names:
        if not (folder / name).stat().st_size:
            sys.exit(f"{folder / name} is empty")


def check_python(folder):
    """README's Python, as it stands: what it reached."""
    (code,) = blocks("README.md", "python")
    (folder / "readme.py").write_text(code + 'print("correct %.3f" % history.performance[-1])\n', encoding="utf-8")
    learnt(run([sys.executable, "readme.py"], cwd=folder), "README.md, Python")
    written(folder, "decision.safetensors", "psychometric.png")


def check_first_minutes():
    """The page has the steps that its script takes, in their order; `make check-install` takes them."""
    page, at = first_minutes.PAGE.read_text(encoding="utf-8"), 0
    for what, code, _ in first_minutes.STEPS:
        if code != first_minutes.readme():
            at = page.find(f"```py\n{code}```", at)
            if at < 0:
                sys.exit(f"{first_minutes.PAGE}: lacks the step '{what}'; make first-minutes writes it")


def check_c(folder, build):
    """README's C, as it stands."""
    (code,) = blocks("README.md", "c")
    (folder / "readme.c").write_text(code, encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *shlex.split(os.environ.get("CFLAGS", "-O2"))]
    link = [f"-L{build}", "-lneuroai", f"-Wl,-rpath,{build}"]
    run([*CC, *flags, f"-I{ROOT / 'include'}", "readme.c", "-o", "readme", *link], cwd=folder)
    learnt(run([folder / "readme"], cwd=folder), "README.md, C")
    written(folder, "decision.safetensors")


def check_diffs(folder):
    """The diffs of docs/architecture.md, one after the other on one copy; every file they touch compiles."""
    found = blocks("docs/architecture.md", "diff")
    if len(found) != 5:
        sys.exit(f"docs/architecture.md: expected 5 diffs, found {len(found)}")
    for part in ("include", "lib", "bindings/python/neuroai"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.so*"))
    for diff in found:
        (folder / "change.diff").write_text(diff, encoding="utf-8")
        alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}  # in no repository around it
        run(["git", "apply", "change.diff"], cwd=folder, env=alone)
        for name in re.findall(r"^\+\+\+ b/(\S+)$", diff, flags=re.M):
            if name.endswith(".py"):
                compile((folder / name).read_text(encoding="utf-8"), name, "exec")
            else:
                language = ["-x", "c"] if name.endswith(".h") else []
                flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Iinclude", "-Ilib"]
                run([*CC, *flags, *language, name], cwd=folder)


def check_links():
    """Links between files of the repository."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in target and not ((ROOT / page).parent / target).exists():
                sys.exit(f"{page}: there is no {target}")


def check_headers():
    """The page of C functions has every header: the site would have links to those that lack."""
    page = (ROOT / "docs/site/c.md").read_text(encoding="utf-8")
    for header in sorted((ROOT / "include/neuroai").glob("*.h")):
        if f"{{doxygenfile}} {header.name}\n" not in page:
            sys.exit(f"docs/site/c.md lacks {header.name}")


def main(build):
    build = Path(build).resolve()
    check_headers()
    check_links()
    print("  ok      links")
    check_first_minutes()
    print("  ok      docs/first_minutes.md")
    typecheck.main([])
    for name, check in (
        ("README.md, Python", check_python),
        ("docs/coming_from.md, ours", lambda folder: coming_from.check_ours()),
        ("README.md, C", lambda folder: check_c(folder, build)),
        ("docs/architecture.md, diffs", check_diffs),
    ):
        with tempfile.TemporaryDirectory() as folder:
            check(Path(folder).resolve())
        print(f"  ok      {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
