"""Rules that the compiler does not know.

Usage: lint.py [FOLDER]   (the repository; default: where this file lies)

- Rooms: the folders of lib/ include each other in one direction only (ROOMS).
- Only lib/kernels/ knows the processor.
- The library does not print, exit, abort, read the environment, or take memory but through
  lib/base/memory.c, or change the floating-point environment but in lib/base/floating.c.
- Files of lib/ form no circles: what a file calls, or includes, does not lead back to it. Functions in tables do not count,
  as whoever calls them does not have to know them.
- Public headers include <...> only, and nothing that is private; their lines have at most 100 columns.

Prints file:line: message for each fault, and exits with 1 when there is one.
"""

import os
import re
import sys

# A room may include itself and the rooms of lower rank. Rooms of one rank do not know each other.
ROOMS = {
    "base": 0,
    "kernels": 1,
    "units": 2,
    "network": 3,
    "running": 4,
    "constraint": 5,
    "cost": 5,
    "learning": 5,
    "task": 5,
    "anatomy": 6,
    "train": 6,
    "experiment": 7,
    "file": 7,
}

UNKNOWN = "lib/{}/ is not a room that tests/lint/lint.py knows"

# What the lowest rooms may know of the public headers: nothing that has to do with networks.
PUBLIC_FOR = {
    "base": {"status.h", "version.h", "random.h", "view.h", "exchange.h"},
    "kernels": {"status.h", "version.h"},
    "units": {"status.h", "version.h", "model.h"},
}

# Editors and terminals show headers to their users.
HEADER_COLUMNS = 100

PROCESSOR = re.compile(
    r"\b\w*intrin\.h\b|\barm_(neon|sve)\.h\b|\bcpuid\.h\b|\b__builtin_(cpu_\w+|ia32_\w+)"
    r"|\b_mm\d*_\w+|\b__(AVX|SSE|FMA__|ARM_|aarch64|x86_64|amd64|i386)\w*|\btarget(_clones)?\s*\(\s*\""
)

BANNED = re.compile(
    r"\b(printf|vprintf|puts|putchar|perror|abort|exit|_exit|_Exit|quick_exit|atexit|sigaction"
    r"|getenv|secure_getenv|setenv|putenv|rand|srand|random|srandom|time"
    r"|(?:openblas|goto|omp|mkl)_set_num_threads\w*)\s*\("
    r"|\b(stdout|stderr|stdin)\b"
)

FLOATING = re.compile(
    r"\b(fe(?:setround|setenv|updateenv|holdexcept|enableexcept|disableexcept|clearexcept|raiseexcept))\s*\("
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


# --- circles --------------------------------------------------------------------------------------

# What the whole library sees is called nai_...; a definition begins at the margin.
CALL = re.compile(r"\b(nai_\w+)\s*\(")
DEFINITION = re.compile(r"^[A-Za-z_][\w \t*]*?\b(nai_\w+)\s*\([^;{}]*\)\s*\{", flags=re.M)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:[^\n]*\\\n)*[^\n]*)", flags=re.M)


def lib_sources(root):
    """The files of lib/, without comments and strings, by path."""
    found = {}
    for path in c_files(root, "lib"):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            found[path] = file.read()
    return found


def end_of_body(code, start):
    """Where the block that opens before `start` ends."""
    depth = 1
    for match in re.compile("[{}]").finditer(code, start):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return match.end()
    return len(code)


def names_that_stand_for_calls(headers):
    """Macros and inline functions of headers, each with the functions and macros that it uses."""
    found = {}
    for code in headers:
        for match in MACRO.finditer(code):
            found.setdefault(match.group(1), set()).update(re.findall(r"\b\w+(?=\s*\()", match.group(2)))
        for match in DEFINITION.finditer(code):
            body = code[match.end() : end_of_body(code, match.end())]
            found.setdefault(match.group(1), set()).update(re.findall(r"\b\w+(?=\s*\()", body))
    return found


def called_in(code, stands_for):
    """The functions that code calls, with those of the macros and inline functions that it uses."""
    found, todo = set(), set(CALL.findall(code)) | (set(re.findall(r"\b\w+\b", code)) & set(stands_for))
    while todo:
        name = todo.pop()
        found.add(name)
        todo |= stands_for.get(name, set()) - found
    return found


def edges(root):
    """What each file leads to: {file: {other: why}}."""
    sources = lib_sources(root)
    bare = {path: without_comments(source, keep_strings=False) for path, source in sources.items()}
    home = {}
    for path, code in bare.items():
        if path.endswith(".c"):
            home.update((name, path) for name in DEFINITION.findall(code))
    stands_for = names_that_stand_for_calls(code for path, code in bare.items() if not path.endswith(".c"))
    found = {path: {} for path in sources}
    for path, code in bare.items():
        if path.endswith(".c"):
            for name in sorted(called_in(code, stands_for)):
                if home.get(name, path) != path:
                    found[path].setdefault(home[name], f"calls {name}() of")
        for line in without_comments(sources[path]).splitlines():
            include = INCLUDE.match(line)
            target = include and included_file(root, path, include.group(2))
            if target in found and target != path:
                found[path].setdefault(target, "includes")
    return found


def shortest_circle(graph, start):
    """The shortest way from a file back to it, as a list of files; None when there is none."""
    came_from, todo = {}, [start]
    while todo:
        here, todo = todo[0], todo[1:]
        for other in graph[here]:
            if other == start:
                way = [here]
                while way[0] != start:
                    way.insert(0, came_from[way[0]])
                return way
            if other not in came_from:
                came_from[other] = here
                todo.append(other)
    return None


def reached(graph, start):
    """All files that a file leads to."""
    found, todo = set(), [start]
    while todo:
        for other in graph[todo.pop()]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def circles(graph):
    """Groups of files each of which leads to each other one of them."""
    all_reached = {path: reached(graph, path) for path in graph}
    groups = []
    for path in sorted(graph):
        if path in all_reached[path] and not any(path in group for group in groups):
            groups.append({other for other in all_reached[path] if path in all_reached[other]})
    return groups


def circle_faults(root):
    """Yields what is wrong with circles: one for each group of files that has one."""
    graph = edges(root)
    groups = circles(graph)
    for group in groups:
        ways = [shortest_circle(graph, path) for path in sorted(group)]
        way = min(ways, key=len)
        steps = [f"{graph[here][there]} {there}" for here, there in zip(way, way[1:] + way[:1])]
        more = f" ({len(group)} files have such circles)" if len(group) > len(way) else ""
        yield f"{way[0]}:1: a circle: {way[0]} {', which '.join(steps)}{more}"


# --- files, one by one ----------------------------------------------------------------------------


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
        found = FLOATING.search(code[number - 1])
        if found and path != "lib/base/floating.c":
            yield number, f"the floating-point environment is the host's: no {found.group(1)} here"


def look_at_header(root, path, source):
    """Yields (line, fault) of a public header."""
    for number, line in enumerate(source.splitlines(), start=1):
        if len(line) > HEADER_COLUMNS:
            yield number, f"{len(line)} columns, at most {HEADER_COLUMNS}"
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
    return found + list(circle_faults(root))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..")
    found = faults(root)
    print("\n".join(found) if found else "lint: nothing to complain about")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
