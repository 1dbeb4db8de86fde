"""Writes include/neuroai/neuroai.hpp, the C++ face of the library, from the C headers.

Usage: make.py [--check]. With --check nothing is written; fails where the file is not what the headers ask for.

The C functions are regular (docs/conventions.md), and so are the classes: `nai_noun` is `nai::noun`, `nai_noun_verb(noun, ...)` is
`noun.verb(...)`, `nai_noun_create(&out, ...)` is a constructor, `nai_noun_create_kind(&out, ...)` is `noun::kind(...)`. What a function
fills before its object is what the method returns, unless it is an array: ARRAYS.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include/neuroai/neuroai.hpp"
TOP = Path(__file__).with_name("top.hpp")

#: Pointers that come before the object and are the caller's own, arrays for the most part, though no count follows them.
ARRAYS = {
    ("nai_agent_step", "output"),
    ("nai_state_step", "outputs"),
    ("nai_state_run", "outputs"),
    ("nai_state_run", "rates"),
    ("nai_state_record", "to"),
    ("nai_areas_measure", "distance"),
    ("nai_areas_read", "values"),
    ("nai_network_spectrum", "real"),
    ("nai_network_spectrum", "imaginary"),
}
#: Names of the count that follows an array.
COUNTS = {"capacity", "n", "size"}
#: By hand in top.hpp.
BY_HAND = {"nai_trainer_run", "nai_last_error", "nai_set_error", "nai_status_name"}


class Parameter:
    """One parameter of a C function."""

    def __init__(self, text):
        self.type, self.name = re.match(r"(.*?[\s*])(\w+)$", text.strip()).groups()
        self.type = re.sub(r"\s*\*", " *", self.type.strip())

    def handle(self, nouns):
        """The noun of which it is an object; None: it is none."""
        found = re.fullmatch(r"(?:const )?nai_(\w+) \*", self.type)
        return found[1] if found and found[1] in nouns else None

    def made(self, nouns):
        """The noun of which it receives a new object."""
        found = re.fullmatch(r"nai_(\w+) \* \*|nai_(\w+) \*\*", self.type)
        noun = found and (found[1] or found[2])
        return noun if noun in nouns else None


class Function:
    """A C function, and how it looks in C++."""

    def __init__(self, text, nouns):
        self.nouns = nouns
        self.result, self.name, inside = re.match(r"(.*?[\s*])(nai_\w+)\((.*)\)$", text).groups()
        self.result = self.result.strip()
        self.parameters = [] if inside.strip() == "void" else [Parameter(one) for one in inside.split(",")]
        for one in self.parameters:  # a parameter may not hide its class
            one.name += "_" if one.name in nouns and self.name.startswith(f"nai_{one.name}_") else ""
        rest = self.name[len("nai_") :]
        self.noun = max((noun for noun in nouns if rest.startswith(noun + "_")), key=len, default=None)
        self.verb = rest[len(self.noun) + 1 :] if self.noun else rest
        if self.noun is None and rest.startswith("network_"):
            self.noun, self.verb = "network", rest[len("network_") :]

    @property
    def fails(self):
        return self.result == "nai_status"

    @property
    def looks(self):
        """Whether it only looks at its object."""
        return self.parameters[self.self_index()].type.startswith("const ")

    def self_index(self):
        """Which parameter is the object; None: it is none."""
        for index, one in enumerate(self.parameters):
            if one.handle(self.nouns) == self.noun and self.noun is not None:
                return index
            if one.handle(self.nouns):
                return None
        return None

    def outs(self):
        """Indices of what is returned."""
        if not self.fails:
            return []
        end, found = self.self_index(), []
        for index, one in enumerate(self.parameters[:end]):
            after = self.parameters[index + 1].name if index + 1 < len(self.parameters) else ""
            if one.handle(self.nouns):
                break
            if "*" not in one.type or (one.type.startswith("const ") and not one.type.endswith("* *")):
                if end is None:
                    break
                continue
            if one.made(self.nouns):
                found.append(index)
            elif "void" not in one.type and after not in COUNTS and (self.name, one.name) not in ARRAYS:
                found.append(index)
            elif end is None and after in COUNTS:
                break
        return found

    def declared(self, one):
        """A parameter as C++ takes it."""
        handle = one.handle(self.nouns)
        if handle:
            return f"ref<nai_{handle}> {one.name}"
        if one.type == "const char *":
            return f"text {one.name}"
        if one.type.endswith("_options *") and one is self.parameters[-1]:  # which may be NULL
            return f"{one.type}{one.name} = nullptr"
        return f"{one.type}{'' if one.type.endswith('*') else ' '}{one.name}"

    def given(self, one):
        """The same, as it is handed on."""
        return f"{one.name}.pointer" if one.handle(self.nouns) or one.type == "const char *" else one.name


def local(one, nouns):
    """Declares the variable that an out-parameter points to: its type in C++, its declaration, what is returned."""
    made = one.made(nouns)
    if made:
        return f"nai::{made}", f"nai_{made} *{one.name}_ = nullptr;", f"nai::{made}({one.name}_)"
    type_ = one.type[:-1].strip()
    init = f" = NAI_{type_[4:].upper()}_INIT" if type_.startswith("nai_") else "{}"
    space = "" if type_.endswith("*") else " "
    return type_, f"{type_}{space}{one.name}_{init};", f"{one.name}_"


def body_of(function, own):
    """The lines of a function, the type of its result, and its parameters in C++."""
    nouns, index, outs = function.nouns, function.self_index(), function.outs()
    arguments, parameters, lines, results = [], [], [], []
    for at, one in enumerate(function.parameters):
        if at in outs:
            type_, line, value = local(one, nouns)
            lines.append(line)
            results.append((type_, value))
            arguments.append(f"&{one.name}_")
        elif at == index and own:
            arguments.append("pointer()")
        else:
            parameters.append(function.declared(one))
            arguments.append(function.given(one))
    call = f"{function.name}({', '.join(arguments)})"
    if not function.fails:
        return [f"return {call};"], function.result, parameters
    lines.append(f"nai::check({call});")
    if len(results) == 1:
        lines.append(f"return {results[0][1]};")
        return lines, results[0][0], parameters
    if results:
        lines.append(f"return {{{', '.join(value for _, value in results)}}};")
        return lines, f"std::pair<{', '.join(type_ for type_, _ in results)}>", parameters
    return lines, "void", parameters


def written(head, lines, indent):
    """A definition: in one line where it fits."""
    pad = " " * indent
    one = f"{pad}{head} {{ {' '.join(lines)} }}"
    if len(lines) == 1 and len(one) <= 100:
        return [one]
    opening = [f"{pad}{head}"]
    while len(opening[-1]) > 98 and ", " in opening[-1][:98]:
        cut = opening[-1].rindex(", ", 0, 98) + 1
        opening[-1:] = [opening[-1][:cut], pad + "    " + opening[-1][cut:].strip()]
    return [*opening, pad + "{", *(f"{pad}  {line}" for line in lines), pad + "}"]


def wrapped(lines):
    """Statements that are too long go on in the next line."""
    for line in lines:
        while len(line) > 92:
            cut = line.rindex(", ", 0, 92) + 1
            yield line[:cut]
            line = "    " + line[cut:].strip()
        yield line


def head(function):
    """What a function is declared as: in its class, or free."""
    own = function.self_index() is not None
    _, result, parameters = body_of(function, own)
    noun, verb, between = function.noun, re.sub("^create_", "", function.verb), ", ".join(parameters)
    if noun and verb == "create":
        return f"{'explicit ' if len(parameters) == 1 else ''}{noun}({between})"
    space = "" if result.endswith("*") else " "
    before, after = ("inline ", "") if noun is None else ("", " const" if function.looks else "") if own else ("static ", "")
    return f"{before}{result}{space}{verb}({between}){after}"


def method(function):
    """A function as a member of its class."""
    lines, _, _ = body_of(function, function.self_index() is not None)
    if function.verb == "create":  # the object is kept by the base
        arguments = ["&out_"] + [function.given(one) for one in function.parameters[1:]]
        lines = [f"nai::check({function.name}({', '.join(arguments)}));", "take(out_);"]
        lines.insert(0, f"nai_{function.noun} *out_ = nullptr;")
    return written(head(function), list(wrapped(lines)), 2)


def free(function):
    """A function that belongs to no class."""
    return written(head(function), body_of(function, False)[0], 0)


def functions():
    """All C functions, in the order of the headers, and the nouns that have objects."""
    texts = [path.read_text() for path in sorted((ROOT / "include/neuroai").glob("*.h"))]
    texts = [re.sub(r"/\*.*?\*/", "", text, flags=re.S) for text in texts]
    texts = [re.sub(r"^\s*#(?:.*\\\n)*.*$", "", text, flags=re.M) for text in texts]
    found = [" ".join(one.split()) for text in texts for one in re.findall(r"NAI_API\s+([^;]*);", text)]
    nouns = re.findall(r"void nai_(\w+)_destroy\(", "\n".join(found))
    return [Function(one, nouns) for one in found], nouns


def ordered(all_functions, nouns):
    """The nouns, each after those whose objects its methods return."""
    needs = {noun: set() for noun in nouns}
    for function in all_functions:
        for one in function.parameters:
            made = one.made(nouns)
            if made and function.noun and made != function.noun:
                needs[function.noun].add(made)
    while needs:
        noun = next(noun for noun in needs if not needs[noun] & set(needs))
        yield noun
        del needs[noun]


def classes(all_functions, nouns):
    """The classes: the constructor first, then the methods in the order of the headers."""
    for noun in ordered(all_functions, nouns):
        yield f"/// nai_{noun}"
        yield f"class {noun} : public handle<nai_{noun}, nai_{noun}_destroy> {{"
        yield "public:"
        yield "  using handle::handle;"
        for function in sorted(all_functions, key=lambda one: one.verb != "create"):
            if function.noun == noun and function.verb != "destroy" and function.name not in BY_HAND:
                yield from method(function)
        if noun in EXTRA:
            yield from EXTRA[noun].splitlines()
        yield "};"
        yield ""


def listing():
    """All classes and functions as a page of the site lists them, beside the C function that each calls."""
    every, nouns = functions()
    for noun in [*nouns, None]:
        name = f"nai::{noun}" if noun else "Without an object"
        yield f"\n## {name}\n\n| C++ | C |\n|---|---|\n"
        for function in sorted(every, key=lambda one: one.verb != "create"):
            if function.noun == noun and function.verb != "destroy" and function.name not in BY_HAND:
                yield f"| `{head(function).replace('inline ', '').replace('|', chr(92) + '|')}` | {{c:func}}`{function.name}` |\n"


EXTRA = {
    "trainer": """  /// Updates without anybody looking.
  void run(int64_t steps) { nai::check(nai_trainer_run(pointer(), steps, nullptr, nullptr)); }
  /// After each update `progress(const nai_progress &)` is called. It may return false or NAI_STOP,
  /// which ends the run, or throw.
  template <class F> void run(int64_t steps, F &&progress)
  {
    run_watched(pointer(), steps, progress);
  }""",
}


def whole():
    """The text of the header."""
    every, nouns = functions()
    lines = list(classes(every, nouns))
    lines += ["", "// --- without an object -------------------------------------------------------------------------", ""]
    for function in every:
        if function.noun is None and function.name not in BY_HAND:
            lines += ["", *free(function)] if len(free(function)) > 1 else free(function)
    top = TOP.read_text()
    assert "@CLASSES@" in top
    return top.replace("@CLASSES@", "\n".join(lines).strip("\n"))


def main():
    text = whole()
    if "--check" not in sys.argv[1:]:
        HEADER.write_text(text)
        return 0
    if HEADER.exists() and HEADER.read_text() == text:
        print("neuroai.hpp has every function of the C headers")
        return 0
    print("  FAILED  include/neuroai/neuroai.hpp is not what the C headers ask for: make hpp")
    return 1


if __name__ == "__main__":
    sys.exit(main())
