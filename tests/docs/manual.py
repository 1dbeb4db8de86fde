"""The site is whole: every link and picture of its pages leads to a file of it.

Usage: manual.py FOLDER   (of the pages). Sphinx warns of references that it cannot resolve, not of files that it did not copy.
"""

import html
import re
import sys
from pathlib import Path
from urllib.parse import unquote

ELSEWHERE = re.compile(r"[a-z]+:")  # https:, javascript:, mailto:


def dangling(folder):
    """Yields (page, target) for each link to a file that is not there."""
    for page in sorted(folder.rglob("*.html")):
        found = re.findall(r"(?:href|src)=\"([^\"#?]+)", page.read_text(encoding="utf-8"))
        for target in dict.fromkeys(unquote(html.unescape(name)) for name in found):
            if not ELSEWHERE.match(target) and not (page.parent / target).exists():
                yield page.relative_to(folder), target


def main(folder):
    folder = Path(folder)
    if not (folder / "index.html").exists():
        sys.exit(f"{folder} has no index.html")
    faults = [f"{page}: there is no {target}" for page, target in dangling(folder)]
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(*sys.argv[1:])
