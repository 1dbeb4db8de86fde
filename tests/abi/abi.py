"""The binary interface, held against the last release's.

Usage: abi.py check SHARED   today's headers and shared library against the newest dump of an older release
       abi.py write          writes the dump of the version at hand: a part of making a release
       abi.py changes        prints what changed since that release, whatever the changelog says

A dump is two files, tests/abi/VERSION.abi (functions and types, by abidw) and VERSION.constants. Both are made from the public
headers: every function that they declare becomes one without a meaning in a small library, so that what optimisation does to
the real one's debugging information hides nothing, and so that a type which programs cannot see cannot matter. That the real
library has these functions, under this soname, is looked at apart; that it defines them as they are declared is up to the
compiler (-Wmissing-prototypes).

The check fails only where the CHANGELOG's ABI line of this version disagrees:

  ABI: compatible (NEUROAI_n)      nothing may be removed or changed, the soname neither. New functions and constants may come.
  ABI: compatible (NEUROAI_n), longer: nai_progress
                                   also, these structures may have more members at their end. They begin with struct_size.
  ABI: SOVERSION n                 anything may change, but the soname has to: libneuroai.so.n

Where the version at hand is written down already, nothing may differ from it.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CC = shlex.split(os.environ.get("CC", "cc"))
NM = shlex.split(os.environ.get("NM", "nm"))
DUMP = "abidw --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed".split()
COMMENT = re.compile(r"/\*.*?\*/", flags=re.S)


def run(command, good=(0,)):
    """Runs a command and gives (status, what it printed); ends with that when the status is not a good one."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode not in good:
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}\nfailed with status {done.returncode}")
    return done.returncode, done.stdout


# --- what there is today --------------------------------------------------------------------------


def headers(root):
    """The public headers, as (name, text without comments)."""
    for path in sorted((root / "include/neuroai").glob("*.h")):
        yield path.name, COMMENT.sub(" ", path.read_text(encoding="utf-8"))


def define(root, name):
    """The value of a macro of version.h, as text."""
    text = (root / "include/neuroai/version.h").read_text(encoding="utf-8")
    return re.search(rf'^#define {name} "?([\d.]+)"?$', text, flags=re.M).group(1)


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def includes(root):
    return "".join(f"#include <neuroai/{name}>\n" for name, _ in headers(root))


def functions(root):
    """The declarations of all public functions, each on a line."""
    for _, text in headers(root):
        for declaration in re.findall(r"^NAI_API ([^;]*);", text, flags=re.M):
            yield " ".join(declaration.split())


def constants(root):
    """The names of all public constants: members of enums, and macros that are numbers."""
    for _, text in headers(root):
        for body in re.findall(r"\benum\s*\w*\s*\{([^}]*)\}", text):
            for member in body.split(","):
                if member.strip():
                    yield member.split("=")[0].strip()
        yield from re.findall(r"^#define (NAI_\w+) [-(]*\d", text, flags=re.M)


def make_library(root, out):
    """A library of the functions that the headers declare, with the soname and symbol version that they name."""
    source = out.with_suffix(".c")
    bodies = "".join(f"{declaration} {{ __builtin_trap(); }}\n" for declaration in functions(root))
    source.write_text(includes(root) + bodies, encoding="utf-8")
    soname = f"-Wl,-soname,libneuroai.so.{define(root, 'NEUROAI_ABI')}"
    script = f"-Wl,--version-script={root / 'lib/neuroai.map'}"
    run([*CC, "-std=gnu11", "-O0", "-g", "-fPIC", "-shared", f"-I{root / 'include'}", source, "-o", out, soname, script])
    return out


def make_dump(root, out):
    """Writes the dump OUT, a .abi file, and the .constants file beside it."""
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(root, Path(folder) / "abi.so")
        run([*DUMP, "--headers-dir", root / "include", "--out-file", out, library])
        program = Path(folder) / "constants"
        lines = "".join(f'  printf("%s %lld\\n", "{name}", (long long){name});\n' for name in constants(root))
        source = f"{includes(root)}#include <stdio.h>\nint main(void)\n{{\n{lines}  return 0;\n}}\n"
        program.with_suffix(".c").write_text(source, encoding="utf-8")
        run([*CC, "-std=gnu11", f"-I{root / 'include'}", program.with_suffix(".c"), "-o", program])
        out.with_suffix(".constants").write_text(run([program])[1], encoding="utf-8")
    return out


def soname_and_symbols(library):
    """What a shared library is called, and the functions that it exports."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "library.abi"
        run([*DUMP, "--out-file", out, library])
        soname = ElementTree.parse(out).getroot().get("soname")
    _, symbols = run([*NM, "-D", "--defined-only", library])
    return soname, {line.split()[-1].partition("@")[0] for line in symbols.splitlines() if line.split()[1] != "A"}


# --- comparisons ----------------------------------------------------------------------------------


def structures(tree):
    """The structures of a dump that have members, by name."""
    return {node.get("name"): node for node in tree.iter("class-decl") if node.get("size-in-bits")}


def members(structure):
    """(offset in bits, name, node) of each member of a structure."""
    found = ((member, member.find("var-decl")) for member in structure.findall("data-member"))
    return [(int(node.get("layout-offset-in-bits")), variable.get("name"), node) for node, variable in found]


def cut(old, new, longer, out):
    """Writes to OUT the dump NEW without what was added at the end of the structures that may be longer."""
    tree = ElementTree.parse(new)
    before, now = structures(ElementTree.parse(old)), structures(tree)
    for name in longer:
        if name not in before or name not in now:
            yield f"{name} is said to be longer, but is no structure of both releases"
            continue
        size = int(before[name].get("size-in-bits"))
        if members(now[name])[0][1] != "struct_size":
            yield f"{name} is said to be longer, but does not begin with struct_size"
        if int(now[name].get("size-in-bits")) <= size:
            yield f"{name} is said to be longer, but is not"
        for offset, _, node in members(now[name]):
            if offset >= size:
                now[name].remove(node)
        now[name].set("size-in-bits", str(size))
    tree.write(out, encoding="utf-8")


def read_constants(dump):
    text = dump.with_suffix(".constants").read_text(encoding="utf-8")
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def changed_constants(old, new):
    """What became of the constants of OLD, a line each."""
    before, now = read_constants(old), read_constants(new)
    for name, value in before.items():
        if name not in now:
            yield f"constant {name} is gone"
        elif now[name] != value:
            yield f"constant {name} was {value}, is {now[name]}"


def breaks(old, new, longer=()):
    """What a program that was linked to OLD would miss in NEW, as lines."""
    with tempfile.TemporaryDirectory() as folder:
        shorter = Path(folder) / "shorter.abi"
        yield from cut(old, new, longer, shorter)
        status, report = run(["abidiff", "--no-default-suppression", "--no-added-syms", old, shorter], good=(0, 4, 8, 12))
    if status:
        yield report.rstrip()
    yield from changed_constants(old, new)


# --- the changelog's word -------------------------------------------------------------------------


def claim(root, version):
    """What the changelog says of a version: (compatible, number of the interface, structures that are longer)."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(version)}\b.*?(?=^## |\Z)", text, flags=re.M | re.S)
    line = section and re.search(
        r"^ABI: (?:compatible \(NEUROAI_(\d+)\)(?:, longer: ([\w ,]+))?|SOVERSION (\d+)\b.*)$", section.group(0), flags=re.M
    )
    if not line:
        sys.exit(f"CHANGELOG.md: the section {version} has no line 'ABI: compatible (NEUROAI_n)' or 'ABI: SOVERSION n'")
    compatible = line.group(1) is not None
    return compatible, line.group(1) or line.group(3), re.findall(r"\w+", line.group(2) or "")


def last_release(root, version):
    """(version, dump) of the newest release before a version."""
    dumps = {path.stem: path for path in (root / "tests/abi").glob("*.abi")}
    older = [name for name in dumps if numbers(name) < numbers(version)]
    if not older:
        sys.exit("tests/abi has no dump of a release before this version")
    name = max(older, key=numbers)
    return name, dumps[name]


def faults(root, library):
    """Yields what disagrees, as text."""
    version = define(root, "NEUROAI_VERSION")
    compatible, number, longer = claim(root, version)
    release, old = last_release(root, version)
    written = root / f"tests/abi/{version}.abi"
    with tempfile.TemporaryDirectory() as folder:
        new = make_dump(root, Path(folder) / "new.abi")
        declared = soname_and_symbols(make_library(root, Path(folder) / "abi.so"))[1]
        soname, exported = soname_and_symbols(library)
        before = ElementTree.parse(old).getroot().get("soname")
        if soname != f"libneuroai.so.{number}":
            yield f"the library's soname is {soname}, the changelog's ABI line means libneuroai.so.{number}"
        if declared != exported:
            yield f"declared or exported, not both: {' '.join(sorted(declared ^ exported))}"
        if compatible and soname != before:
            yield f"the changelog says compatible, but the soname was {before} in {release} and is {soname}"
        if not compatible and soname == before:
            yield f"the changelog says SOVERSION {number}, but that is the soname of {release}, {before}"
        if compatible:
            found = list(breaks(old, new, longer))
            if found:
                yield f"the changelog says compatible, but since {release}:\n" + "\n".join(found)
        if written.exists():
            found = [*breaks(written, new), *breaks(new, written)]
            if found:
                yield f"tests/abi/{version}.abi is release {version}; open the next version, or, if it is not out, " + (
                    "write it again (make abi):\n" + "\n".join(found)
                )


def changes(root):
    """What changed since the last release, as if the soname had not."""
    release, old = last_release(root, define(root, "NEUROAI_VERSION"))
    with tempfile.TemporaryDirectory() as folder:
        new, same = make_dump(root, Path(folder) / "new.abi"), Path(folder) / f"{release}.abi"
        interface = ElementTree.parse(old).getroot().get("soname").rpartition(".")[2]
        text = old.read_text(encoding="utf-8").replace(f"NEUROAI_{interface}'", f"NEUROAI_{define(root, 'NEUROAI_ABI')}'")
        same.write_text(text, encoding="utf-8")
        _, report = run(["abidiff", "--no-default-suppression", same, new], good=(0, 4, 8, 12))
        same.with_suffix(".constants").write_text(old.with_suffix(".constants").read_text(encoding="utf-8"), encoding="utf-8")
        return "\n".join([report, *changed_constants(same, new)])


def main(command, *arguments):
    if command == "write":
        version = define(ROOT, "NEUROAI_VERSION")
        print(make_dump(ROOT, ROOT / f"tests/abi/{version}.abi"))
        return
    if command == "changes":
        print(changes(ROOT))
        return
    found = list(faults(ROOT, Path(arguments[0])))
    if found:
        sys.exit("\n".join(f"  FAILED  {fault}" for fault in found))
    print("the binary interface is what the changelog says")


if __name__ == "__main__":
    main(*sys.argv[1:])
