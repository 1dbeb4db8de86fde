"""Rules that the compiler does not know.

Usage: lint.py [FOLDER]   (the repository; default: where this file lies)

- Rooms: the folders of lib/ include each other in one direction only (ROOMS).
- Only lib/kernels/ knows the processor.
- The library does not print, exit, abort, read the environment, or take memory but through
  lib/base/memory.c.
- Public headers include <...> only, and nothing that is private.

Prints file:line: message for each fault, and exits with 1 when there is one.
"""

import os
import re
import sys

# A room may include itself and the rooms of lower rank. Rooms of one rank do not know each other.
ROOMS = {
    "base": 0,
    "kernels": 1,
    "network": 2,
    "constraint": 3,
    "cost": 3,
    "learning": 3,
    "task": 3,
    "train": 4,
    "experiment": 5,
    "file": 5,
}

UNKNOWN = "lib/{}/ is not a room that tests/lint/lint.py knows"

# What the lowest rooms may know of the public headers: nothing that has to do with networks.
PUBLIC_FOR = {
    "base": {"status.h", "version.h", "random.h", "view.h"},
    "kernels": {"status.h", "version.h"},
}

PROCESSOR = re.compile(
    r"\b\w*intrin\.h\b|\barm_(neon|sve)\.h\b|\bcpuid\.h\b|\b__builtin_(cpu_\w+|ia32_\w+)"
    r"|\b_mm\d*_\w+|\b__(AVX|SSE|FMA__|ARM_|aarch64|x86_64|amd64|i386)\w*|\btarget(_clones)?\s*\(\s*\""
)

BANNED = re.compile(
    r"\b(printf|vprintf|puts|putchar|perror|abort|exit|_exit|_Exit|quick_exit|atexit|sigaction"
    r"|getenv|secure_getenv|setenv|putenv|rand|srand|random|srandom|time"
    r"|fesetround|fesetenv|feenableexcept|(?:openblas|goto|omp|mkl)_set_num_threads\w*)\s*\("
    r"|\b(stdout|stderr|stdin)\b"
)

MEMORY = re.compile(
    r"\b(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|posix_memalign|aligned_alloc"
    r"|alloca)\s*\("
)

# Comments, strings and character constants.
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", flags=re.S)

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")


def without_comments(text, keep_strings=True):
    """C source with comments blanked, and strings and characters unless kept; lines stay lines."""

    def blank(match):
        token = match.group(0)
        if token[0] != "/" and keep_strings:
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def c_files(root, folder):
    """The C files under a folder, as paths relative to the root."""
    for place, folders, names in os.walk(os.path.join(root, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h", ".inc")):
                yield os.path.relpath(os.path.join(place, name), root).replace(os.sep, "/")


def room_of(path):
    """The room of a file lib/<room>/..., or None."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "lib" else None


def included_file(root, path, name):
    """What a private include means: a file beside the including one, or one under lib/."""
    for folder in (os.path.dirname(path), "lib"):
        candidate = os.path.normpath(os.path.join(folder, name)).replace(os.sep, "/")
        if os.path.exists(os.path.join(root, candidate)):
            return candidate
    return None


def include_fault(root, path, quote, name):
    """What is wrong with one include of a file in lib/, or None."""
    room = room_of(path)
    if name.startswith("neuroai/"):
        allowed = PUBLIC_FOR.get(room)
        if allowed is not None and name[len("neuroai/") :] not in allowed:
            return f"{room}/ may not know <{name}>"
        return None
    target = included_file(root, path, name)
    if target is None:
        return None if quote == "<" else f'"{name}" is neither beside this file nor under lib/'
    other = room_of(target)
    if other is None:
        return f'"{name}" lies in no room of lib/'
    if other not in ROOMS:
        return UNKNOWN.format(other)
    if other == room or ROOMS[other] < ROOMS[room]:
        return None
    way = "back" if ROOMS[other] > ROOMS[room] else "sideways"
    return f'{room}/ may not include {other}/ ("{name}"): the import runs {way}'


def look_at_lib(root, path, source):
    """Yields (line, fault) of a file in lib/."""
    room = room_of(path)
    if room not in ROOMS:
        yield 1, UNKNOWN.format(room) if room else "a C file outside of the rooms"
        return
    code = without_comments(source, keep_strings=False).splitlines()
    for number, line in enumerate(without_comments(source).splitlines(), start=1):
        include = INCLUDE.match(line)
        if include:
            fault = include_fault(root, path, *include.groups())
            if fault:
                yield number, fault
        if room != "kernels" and PROCESSOR.search(line):
            yield number, f"only kernels/ may know the processor: {PROCESSOR.search(line).group(0)}"
        found = BANNED.search(code[number - 1])
        if found:
            yield number, f"a library may not use {found.group(1) or found.group(2)}"
        found = MEMORY.search(code[number - 1])
        if found and path != "lib/base/memory.c":
            yield number, f"memory comes from nai__alloc(), not from {found.group(1)}"


def look_at_header(root, path, source):
    """Yields (line, fault) of a public header."""
    for number, line in enumerate(without_comments(source).splitlines(), start=1):
        include = INCLUDE.match(line)
        if not include:
            continue
        quote, name = include.groups()
        if quote != "<":
            yield number, f'public headers include <...> only, not "{name}"'
        elif name.startswith("neuroai/"):
            if not os.path.exists(os.path.join(root, "include", name)):
                yield number, f"there is no public header <{name}>"
        elif "/" in name:
            yield number, f"public headers may not need <{name}>"


def faults(root):
    """All faults of a repository, as "file:line: message"."""
    found = []
    for folder, look in (("lib", look_at_lib), ("include", look_at_header)):
        for path in c_files(root, folder):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                source = file.read()
            found += [f"{path}:{line}: {fault}" for line, fault in look(root, path, source)]
    return found


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..")
    found = faults(root)
    print("\n".join(found) if found else "lint: nothing to complain about")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
