"""Prints what the Python tests, examples and plots need, for pip: the requirements of
pyproject.toml, ranges and all, and whatever the tests use beyond them.

Usage: requirements.py [pyproject.toml]. Reads the file by a few patterns: Python 3.9 has no reader
of TOML.
"""

import re
import sys

TESTS_USE = ["numpy", "matplotlib", "tqdm", "safetensors", "pytest", "pycparser", "mypy"]


# Where pyproject.toml lists requirements: section and key.
LISTS = {"project": "dependencies", "project.optional-dependencies": r"[\w-]+"}

STRING = r"(?:\"[^\"]*\"|'[^']*')"


def sections(text):
    """Yields (section, body) of a TOML file; the body of [build-system] is not ours."""
    parts = re.split(r"^\[([^\[\]\n]+)\]\s*$", text, flags=re.M)
    yield from zip(parts[1::2], parts[2::2])


def requirements(text):
    """The requirement strings of [project] dependencies and [project.optional-dependencies]."""
    found = []
    for section, body in sections(re.sub(r"^\s*#.*$", "", text, flags=re.M)):
        name = LISTS.get(section.strip())
        if name is None:
            continue
        for match in re.finditer(rf"^{name}\s*=\s*\[((?:[^\]\"']|{STRING})*)\]", body, flags=re.M):
            found += [string[1:-1] for string in re.findall(STRING, match.group(1))]
    return found


def project_of(requirement):
    """The name in a requirement, as pip compares names."""
    return re.sub(r"[-_.]+", "-", re.match(r"\s*([\w.-]+)", requirement).group(1)).lower()


def main():
    listed = []
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            listed = [r for r in requirements(file.read()) if project_of(r) != "neuroai"]
    known = {project_of(r) for r in listed}
    print("\n".join(dict.fromkeys(listed + [name for name in TESTS_USE if name not in known])))


if __name__ == "__main__":
    main()
