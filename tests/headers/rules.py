"""The rules of the binary interface (docs/abi.md), held against the public headers.

Usage: rules.py            exits with 1 and a line for each fault

A structure that programs lay out begins with its size, and is a member of no other; what has no size is listed here, and its
comment says that it never changes. Members of enums have values. Numbers have one of six types: what is counted or counts is
int64_t, what is chosen int32_t. What a function fills comes before its object, a callback's `user` last; functions of a user's own
table get `user` first.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Structures without a size: elements of arrays.
VALUES = {"nai_where", "nai_spike", "nai_task_setting"}
#: What may be an int32_t by itself: choices from a list, signs, yes or no, classes. All else is counted.
CHOICES = """
kind sign leak transfer storage mode form feedback stream what list dtype status reserved population_sign target_class correct choice
plastic allowed on normalise spikes times random whole potential has_reward has_classes has_times of_units
plastic_up plastic_inter plastic_down plastic_lateral plastic_bias prospective dale
""".split()
NUMBERS = {"int32_t", "int64_t", "uint64_t", "double", "nai_status"}
FUNCTION_POINTER = re.compile(r"(\w+) \(\*(\w+)\)\(([^()]*)\)")


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", lambda found: "\n" * found.group().count("\n"), text, flags=re.M)


def base_of(kind):
    """The type behind const and pointers."""
    return re.sub(r"\bconst\b|\*", "", kind).split()[0]


def split(declaration):
    """'const float *values' as its type, how many pointers, and its name."""
    found = re.fullmatch(r"(.*?)([\s*]*)(\w+)((?:\[\w*\])?)", " ".join(declaration.split()))
    kind, stars, name, array = found.groups()
    return kind + stars.replace("*", " *"), stars.count("*") + kind.count("*"), name, bool(array)


def structures(text):
    """(line, name, body) of each structure."""
    for found in re.finditer(r"typedef struct (\w+) \{(.*?)\n\} \1;", text, flags=re.S):
        yield text[: found.start()].count("\n") + 1, found[1], found[2]


def check_number(where, kind, stars, name):
    """A number by itself, or in an array."""
    base = base_of(kind)
    if base in ("char", "void", "float", "uint8_t") and stars:
        return
    if base == "uint32_t":
        if stars or name not in ("struct_size", "flags"):
            yield f"{where}: {name} is a uint32_t, which only struct_size and flags are"
    elif base == "int32_t":
        if not stars and name not in CHOICES:
            yield f"{where}: {name} is an int32_t: what counts is int64_t; a choice is listed in CHOICES of rules.py"
    elif base not in NUMBERS and not base.startswith("nai_"):
        yield f"{where}: {name} is of the type {base}"


def check_parameters(where, parameters, handles, table):
    """What a function is called with. table: it is one of a user's own."""
    names = [split(one)[2] for one in parameters]
    if "user" in names and names.index("user") != (0 if table else len(names) - 1):
        yield f"{where}: user has to be the {'first' if table else 'last'} argument"
    own = None
    for one in parameters:
        kind, stars, name, _ = split(one)
        yield from check_number(where, kind, stars, name)
        base = base_of(kind)
        if base in handles and stars == 1:
            own = own or name
        elif own and stars and name != "user" and not kind.startswith("const"):
            yield f"{where}: {name} is filled, and comes after the object {own}"


def check_members(where, body, names, is_value):
    for declaration in re.sub(FUNCTION_POINTER, "", body).split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        kind, stars, name, _ = split(declaration)
        base = base_of(kind)
        if base in names and not stars:
            yield f"{where}: {name} is a whole {base}, which then can never grow"
        yield from check_number(where, kind, stars or is_value, name)


def faults(root):
    paths = sorted((root / "include/neuroai").glob("*.h"))
    whole = {path: path.read_text(encoding="utf-8") for path in paths}
    bare = {path: without_comments(text) for path, text in whole.items()}
    handles = {f"nai_{noun}" for text in bare.values() for noun in re.findall(r"void nai_(\w+)_destroy\(", text)}
    names = {name for text in bare.values() for _, name, _ in structures(text)}
    for path, text in bare.items():
        for line, name, body in structures(text):
            where = f"{path.relative_to(root)}:{line}: {name}"
            if name in VALUES:
                before = whole[path].split(f"typedef struct {name} ")[0]
                if "never changes" not in " ".join(before[before.rfind("/**") :].replace(" * ", " ").split()):
                    yield f"{where} has no size, and its comment does not say that it never changes"
            elif not body.split(";")[0].strip() == "uint32_t struct_size":
                yield f"{where} does not begin with struct_size"
            yield from check_members(where, body, names, name in VALUES)
            for _, function, inside in re.findall(FUNCTION_POINTER, body):
                if function not in ("progress", "watch"):
                    yield from check_parameters(f"{where}.{function}", inside.split(","), handles, True)
        for found in re.finditer(r"\benum\s*\w*\s*\{([^}]*)\}", text):
            for member in found[1].split(","):
                if member.strip() and "=" not in member:
                    yield f"{path.relative_to(root)}: {member.strip()} has no value of its own"
        for found in re.finditer(r"typedef nai_status \(\*(\w+)\)\(([^()]*)\);", text):
            yield from check_parameters(f"{path.relative_to(root)}: {found[1]}", found[2].split(","), handles, False)
        for found in re.finditer(r"^NAI_API\s+([^;]*?)\b(nai_\w+)\(([^;]*)\);", text, flags=re.M):
            where = f"{path.relative_to(root)}: {found[2]}()"
            result = found[1].replace("*", "").split()[-1]
            if result not in ("char", "void") and result not in NUMBERS:
                yield f"{where} returns a {found[1].strip()}"
            if found[3].strip() != "void":
                yield from check_parameters(where, found[3].split(","), handles, False)


def main():
    found = list(faults(ROOT))
    for fault in found:
        print(f"  FAILED  {fault}")
    if not found:
        print("the headers keep to the rules of the binary interface")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
