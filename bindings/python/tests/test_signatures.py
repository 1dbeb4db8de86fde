"""Every ctypes signature, structure and constant against the C headers, both ways.

The headers are read by pycparser after the C preprocessor; sizes and offsets come from a compiled C program.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from pycparser import c_ast, c_parser

from neuroai import _c
from neuroai._arguments import ARGUMENTS

HEADERS = ROOT / "include" / "neuroai"
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")

pytestmark = pytest.mark.skipif(not CC or not HEADERS.is_dir(), reason="needs a C compiler and the headers")


def preprocess(*options):
    erased = ["-D__attribute__(x)=", "-D__asm__(x)=", "-D__extension__=", "-D__restrict=", "-D__inline="]
    command = [CC, "-E", *options, *erased, f"-I{HEADERS.parent}", "-x", "c", "-"]
    text = '#include <neuroai/neuroai.h>\n#include <neuroai/extend.h>\n'
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


class Header:
    """Functions, structures and constants of the headers, in a notation of our own."""

    def __init__(self):
        self.functions, self.structs, self.constants, self.function_types = {}, {}, {}, {}
        self.arguments = {}
        for node in c_parser.CParser().parse(preprocess("-P")).ext:
            self.read(node)

    def read(self, node):
        name = getattr(node, "name", None) or ""
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl) and name.startswith("nai_"):
            self.functions[name] = self.signature(node.type)
            names = [p.name for p in node.type.args.params if p.name] if node.type.args else []
            self.arguments.update({name: " ".join(names)} if names else {})
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
            self.read_enum(node.type)
        elif isinstance(node, c_ast.Typedef) and name.startswith("nai_"):
            inner = getattr(node.type, "type", None)
            if isinstance(inner, c_ast.Struct) and inner.decls:
                self.structs[name] = [(field.name, self.kind(field.type)) for field in inner.decls]
            elif isinstance(node.type, c_ast.PtrDecl) and isinstance(node.type.type, c_ast.FuncDecl):
                self.function_types[name] = "fn " + self.text(self.signature(node.type.type))

    def read_enum(self, enum):
        value = -1
        for item in enum.values.enumerators:
            value = value + 1 if item.value is None else self.number(item.value)
            self.constants[item.name] = value

    def number(self, node):
        if isinstance(node, c_ast.UnaryOp):
            assert node.op == "-"
            return -self.number(node.expr)
        return int(node.value, 0)

    def signature(self, function):
        arguments = [self.kind(p.type) for p in function.args.params] if function.args else []
        return self.kind(function.type), [] if arguments == ["void"] else arguments

    @staticmethod
    def text(signature):
        return f"{signature[0]}({', '.join(signature[1])})"

    def kind(self, node, const=False):
        """A type in words, such as "float*", "nai_network**" or "int64_t[4]"."""
        if isinstance(node, c_ast.TypeDecl):
            names = node.type.names if isinstance(node.type, c_ast.IdentifierType) else [node.type.name]
            name = self.function_types.get(" ".join(names), " ".join(names))
            return "int32_t" if name == "nai_status" else name
        if isinstance(node, c_ast.PtrDecl):
            if isinstance(node.type, c_ast.FuncDecl):
                return "fn " + self.text(self.signature(node.type))
            return self.kind(node.type) + "*"
        if isinstance(node, c_ast.ArrayDecl):
            return f"{self.kind(node.type)}[{node.dim.value}]"
        raise AssertionError(node)


#: Names that C has and ctypes does not tell apart by class.
SCALARS = {
    ctypes.c_int32: "int32_t",
    ctypes.c_int64: "int64_t",
    ctypes.c_uint8: "uint8_t",
    ctypes.c_uint32: "uint32_t",
    ctypes.c_uint64: "uint64_t",
    ctypes.c_float: "float",
    ctypes.c_double: "double",
    ctypes.c_char_p: "char*",
    ctypes.c_void_p: "void*",
    None: "void",
}


def kind(ctype):
    """The same words for a ctypes type, or for one of the argument types of `_c`."""
    if ctype in SCALARS:
        return SCALARS[ctype]
    if isinstance(ctype, _c.Array):
        return kind(ctype._type_) + "*"
    if ctype is _c.Text or isinstance(ctype, (_c.Integer, _c.Real)):
        return kind(ctype._type_)
    if issubclass(ctype, ctypes.Structure):
        return ctype.__name__
    if issubclass(ctype, ctypes.Array):
        return f"{kind(ctype._type_)}[{ctype._length_}]"
    if hasattr(ctype, "_argtypes_"):
        return f"fn {kind(ctype._restype_)}({', '.join(kind(a) for a in ctype._argtypes_)})"
    return kind(ctype._type_) + "*"


@pytest.fixture(scope="module")
def header():
    return Header()


def structs():
    return {
        name: value
        for name, value in vars(_c).items()
        if isinstance(value, type) and issubclass(value, ctypes.Structure) and hasattr(value, "_fields_")
    }


def test_the_headers_were_read(header):
    assert len(header.functions) > 100 and len(header.structs) > 10 and len(header.constants) > 40


def test_the_same_functions_on_both_sides(header):
    assert set(_c.FUNCTIONS) == set(header.functions)


def test_every_signature(header):
    ours = {name: (kind(result), [kind(a) for a in arguments]) for name, (result, arguments) in _c.FUNCTIONS.items()}
    assert ours == header.functions


def test_every_argument_s_name(header):
    """Messages name arguments by them. The lines for _arguments.py are those that differ."""
    lines = [{f'"{name}": "{names}",' for name, names in each.items()} for each in (ARGUMENTS, header.arguments)]
    assert sorted(lines[0] - lines[1]) == [] and sorted(lines[1] - lines[0]) == []


def test_the_loaded_functions_have_these_signatures():
    for name, (result, arguments) in _c.FUNCTIONS.items():
        function = getattr(_c.library, name)
        assert function.restype is result and list(function.argtypes) == arguments, name


def test_a_status_is_always_checked():
    declared = set(re.findall(r"NAI_API\s+nai_status\s+(nai_\w+)", "".join(p.read_text() for p in HEADERS.glob("*.h"))))
    checked = {name for name in _c.FUNCTIONS if getattr(_c, name).__code__.co_name == "checked"}
    assert checked == declared


def test_the_same_structures_on_both_sides(header):
    assert set(structs()) == set(header.structs)


def test_structures_that_can_grow_know_their_size():
    sized = [struct for struct in structs().values() if struct._fields_[0][0] == "struct_size"]
    assert len(sized) > 30
    assert [struct.__name__ for struct in sized if struct().struct_size != ctypes.sizeof(struct)] == []
    view = _c.nai_view(ndim=2)
    assert view.ndim == 2 and view.struct_size == ctypes.sizeof(view)


def test_fields_of_structures(header):
    for name, struct in structs().items():
        assert [(field, kind(ctype)) for field, ctype, *_ in struct._fields_] == header.structs[name], name


def test_sizes_and_offsets(tmp_path):
    lines = ["#include <stdio.h>", "#include <neuroai/neuroai.h>", "#include <neuroai/extend.h>", "int main(void) {"]
    expected = []
    for name, struct in structs().items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        expected.append(f"{name} {ctypes.sizeof(struct)}")
        for field, *_ in struct._fields_:
            lines.append(f'printf("{name}.{field} %zu\\n", offsetof({name}, {field}));')
            expected.append(f"{name}.{field} {getattr(struct, field).offset}")
    source, program = tmp_path / "sizes.c", tmp_path / "sizes"
    source.write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run([CC, f"-I{HEADERS.parent}", str(source), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    assert printed.split("\n")[:-1] == expected


def test_every_constant(header):
    ours = {name: value for name, value in vars(_c).items() if re.match(r"NAI_[A-Z]", name)}
    assert ours == header.constants


def test_version_numbers():
    defines = dict(re.findall(r"#define (NEUROAI_(?:VERSION_M\w+|VERSION_PATCH|ABI)) (\d+)", preprocess("-dM")))
    ours = {name: str(value) for name, value in vars(_c).items() if name.startswith("NEUROAI_")}
    assert len(defines) == 4 and ours == defines


def test_another_interface_is_refused(tmp_path):
    """A library whose nai_abi_version() differs is refused when the package is imported."""
    stubbed = [name for name in _c.FUNCTIONS if name not in ("nai_abi_version", "nai_version")]
    names = "".join(f"int {name}(void) {{ return 0; }}\n" for name in stubbed)
    other = 'int nai_abi_version(void) { return 77; }\nconst char *nai_version(void) { return "9.9.9"; }\n'
    source, library = tmp_path / "other.c", tmp_path / "libneuroai.so"
    source.write_text(names + other)
    subprocess.run([CC, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    message = import_with(library)
    assert "interface 77" in message and "9.9.9" in message


def test_a_library_without_a_function_is_refused(tmp_path):
    source, library = tmp_path / "none.c", tmp_path / "libneuroai.so"
    source.write_text("int nothing(void) { return 0; }\n")
    subprocess.run([CC, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    assert "has no function nai_version" in import_with(library)


def test_a_library_that_is_not_there(tmp_path):
    assert "NEUROAI_LIBRARY" in import_with(tmp_path / "nowhere.so")


def import_with(library):
    """What a fresh interpreter says when it imports the package with this library."""
    package = str(Path(_c.__file__).resolve().parents[1])
    environment = {**os.environ, "NEUROAI_LIBRARY": str(library), "PYTHONPATH": package}
    done = subprocess.run([sys.executable, "-c", "import neuroai"], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    return done.stderr.strip().split("\n")[-1]
