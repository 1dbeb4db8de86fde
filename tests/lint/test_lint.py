"""The lint's own test: each rule must find what it is for, in the right line, and nothing else."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint  # noqa: E402


class Repository:
    """A small repository in a temporary folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        for room in lint.ROOMS:
            self.write(f"lib/{room}/{room}.h", "")
        self.write("include/neuroai/status.h", "#include <stdint.h>\n")
        self.write("include/neuroai/network.h", "#include <neuroai/status.h>\n")

    def write(self, path, text):
        path = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def faults(self):
        return lint.faults(self.folder.name)


class Lint(unittest.TestCase):
    def setUp(self):
        self.repository = Repository()
        self.addCleanup(self.repository.folder.cleanup)

    def expect(self, path, text, *starts):
        """A file with this text has faults that start like this, and no other."""
        self.repository.write(path, text)
        found = self.repository.faults()
        self.assertEqual(len(found), len(starts), found)
        for fault, start in zip(found, starts):
            self.assertTrue(fault.startswith(start), fault)

    def test_clean(self):
        self.expect(
            "lib/train/train.c",
            '#include <neuroai/network.h>\n#include "learning/learning.h"\n#include "train.h"\n',
        )

    def test_every_pair_of_rooms(self):
        for room, rank in lint.ROOMS.items():
            for other, other_rank in lint.ROOMS.items():
                with self.subTest(room=room, other=other):
                    self.repository.write(
                        f"lib/{room}/try.c", f'\n\n#include "{other}/{other}.h"\n'
                    )
                    expected = []
                    if room != other and other_rank >= rank:
                        way = "back" if other_rank > rank else "sideways"
                        expected = [
                            f'lib/{room}/try.c:3: {room}/ may not include {other}/ ("{other}/{other}.h"): the import runs {way}'
                        ]
                    self.assertEqual(self.repository.faults(), expected)
                    os.remove(os.path.join(self.repository.folder.name, f"lib/{room}/try.c"))

    def test_order_of_the_design(self):
        rank = lint.ROOMS
        self.assertLess(rank["base"], rank["kernels"])
        self.assertLess(rank["kernels"], rank["network"])
        self.assertLess(rank["network"], rank["running"])
        for middle in ("constraint", "cost", "learning", "task"):
            self.assertLess(rank["running"], rank[middle])
            self.assertEqual(rank[middle], rank["cost"])
        self.assertLess(rank["cost"], rank["train"])
        self.assertLess(rank["train"], rank["experiment"])
        self.assertEqual(rank["experiment"], rank["file"])

    def test_back_through_the_folder_above(self):
        self.expect(
            "lib/base/a.c",
            '#include "../network/network.h"\n',
            "lib/base/a.c:1: base/ may not include network/",
        )

    def test_back_from_a_folder_below(self):
        self.expect(
            "lib/learning/optimizer/adam.c",
            '#include "learning/learning.h"\n  #  include "cost/cost.h"\n',
            "lib/learning/optimizer/adam.c:2: learning/ may not include cost/",
        )

    def test_back_in_angle_brackets(self):
        self.expect(
            "lib/cost/a.h",
            "#include <train/train.h>\n",
            "lib/cost/a.h:1: cost/ may not include train/",
        )

    def test_include_in_a_comment(self):
        self.expect(
            "lib/base/a.c", '/*\n#include "network/network.h"\n*/\n// #include "cost/cost.h"\n'
        )

    def test_include_of_nothing(self):
        self.expect("lib/base/a.c", '#include "nowhere.h"\n', "lib/base/a.c:1: ")

    def test_unknown_room(self):
        self.expect("lib/cellar/a.c", "\n", "lib/cellar/a.c:1: lib/cellar/ is not a room")
        self.expect("lib/loose.c", "", "lib/loose.c:1: a C file outside", "lib/cellar/a.c:1:")

    def test_base_knows_nothing_of_networks(self):
        self.expect(
            "lib/base/a.c", "#include <neuroai/network.h>\n", "lib/base/a.c:1: base/ may not know"
        )
        self.expect("lib/base/a.c", "#include <neuroai/status.h>\n")

    def test_processor(self):
        for line in (
            "#include <immintrin.h>",
            'int a(void) { return __builtin_cpu_supports("avx2"); }',
            "#ifdef __AVX512F__",
            "#if defined(__x86_64__)",
            '__attribute__((target("avx2"))) int a;',
        ):
            with self.subTest(line=line):
                self.expect(
                    "lib/task/a.c",
                    f"\n{line}\n",
                    "lib/task/a.c:2: only kernels/ may know the processor",
                )
                self.repository.write("lib/task/a.c", "")
                self.expect("lib/kernels/a.c", f"\n{line}\n")
                self.repository.write("lib/kernels/a.c", "")

    def test_banned_calls(self):
        for call in (
            'printf("x")',
            "puts(x)",
            "abort()",
            "exit(1)",
            'getenv("HOME")',
            'fprintf(stderr, "x")',
            "rand()",
        ):
            with self.subTest(call=call):
                self.expect(
                    "lib/task/a.c",
                    f"int f(void)\n{{\n  {call};\n}}\n",
                    "lib/task/a.c:3: a library may not use",
                )
        self.expect(
            "lib/task/a.c",
            '/* exit(1) */ char *s = "abort()"; snprintf(s, 1, "x"); nai__printf(1); brand(2); //puts(1)\n',
        )

    def test_memory(self):
        self.expect(
            "lib/task/a.c",
            "\nvoid *p = calloc(1, 2);\n",
            "lib/task/a.c:2: memory comes from nai__alloc()",
        )
        self.repository.write("lib/task/a.c", "")
        self.expect("lib/base/memory.c", "void *p = aligned_alloc(64, 64);\n")

    def test_floating_point_environment(self):
        self.expect(
            "lib/task/a.c",
            "\nvoid f(void) { fesetround(0); }\n",
            "lib/task/a.c:2: the floating-point environment is the host's: no fesetround here",
        )
        self.repository.write("lib/task/a.c", "")
        self.expect("lib/base/floating.c", "void f(const fenv_t *e) { fesetenv(e); }\n")

    def test_public_headers(self):
        self.expect(
            "include/neuroai/a.h",
            '\n#include "status.h"\n',
            "include/neuroai/a.h:2: public headers include <...> only",
        )
        self.expect(
            "include/neuroai/a.h",
            "#include <neuroai/b.h>\n",
            "include/neuroai/a.h:1: there is no public header",
        )
        self.expect(
            "include/neuroai/a.h",
            "#include <base/base.h>\n",
            "include/neuroai/a.h:1: public headers may not need",
        )

    def test_width_of_public_headers(self):
        line = f"/* {'x' * 94} */"
        self.expect("include/neuroai/a.h", f"\n{line}\n")
        self.expect("include/neuroai/a.h", f"\n{line} \n", "include/neuroai/a.h:2: 101 columns")

    def test_circle_of_two(self):
        self.repository.write("lib/task/b.c", "void nai__b(void)\n{\n  nai__a(1);\n}\n")
        self.expect(
            "lib/task/a.c",
            "void nai__a(int x)\n{\n  nai__b();\n}\n",
            "lib/task/a.c:1: a circle: lib/task/a.c calls nai__b() of lib/task/b.c, which calls nai__a() of lib/task/a.c",
        )

    def test_no_circle(self):
        self.repository.write("lib/task/c.c", "int nai__c(void)\n{\n  return 1;\n}\n")
        self.repository.write("lib/task/b.c", "int nai__b(void)\n{\n  return nai__c();\n}\n")
        self.expect("lib/task/a.c", "int nai__a(void)\n{\n  return nai__b() + nai__c() + nai__a();\n}\n")

    def test_shortest_of_several_circles(self):
        self.repository.write("lib/cost/b.c", "int nai__b(void)\n{\n  return nai__c();\n}\n")
        self.repository.write("lib/cost/c.c", "int nai__c(\n    int x)\n{\n  return nai__d() + nai__a();\n}\n")
        self.repository.write("lib/cost/d.c", "int nai__d(void)\n{\n  return nai__c();\n}\n")
        self.expect(
            "lib/cost/a.c",
            "int nai__a(void)\n{\n  return nai__b();\n}\n",
            "lib/cost/c.c:1: a circle: lib/cost/c.c calls nai__d() of lib/cost/d.c, which calls nai__c() of lib/cost/c.c"
            " (4 files have such circles)",
        )

    def test_circle_between_rooms(self):
        """Through a declaration that was copied: no include gives it away."""
        self.repository.write("lib/base/b.c", "int nai__a(void);\nint nai__b(void)\n{\n  return nai__a();\n}\n")
        self.expect(
            "lib/train/a.c",
            "int nai__a(void)\n{\n  return nai__b();\n}\n",
            "lib/base/b.c:1: a circle: lib/base/b.c calls nai__a() of lib/train/a.c, which calls nai__b()",
        )

    def test_circle_by_a_macro_or_an_inline_function(self):
        for header in (
            "#define nai__A(x) \\\n  nai__a(x)\n",
            "#define NAI__FIRST(x) nai__a(x)\n#define nai__A(x) NAI__FIRST(x)\n",
            "static inline int nai__A(int x)\n{\n  if (x) {\n    return 0;\n  }\n  return nai__a(x);\n}\n",
        ):
            with self.subTest(header=header):
                self.repository.write("lib/cost/cost.h", header)
                self.repository.write("lib/cost/b.c", "int nai__b(void)\n{\n  return nai__A(2);\n}\n")
                self.expect(
                    "lib/cost/a.c",
                    "int nai__a(int x)\n{\n  return nai__b();\n}\n",
                    "lib/cost/a.c:1: a circle: lib/cost/a.c calls nai__b() of lib/cost/b.c, which calls nai__a()",
                )

    def test_circle_of_headers(self):
        self.repository.write("lib/file/b.h", '#include "a.h"\n')
        self.expect(
            "lib/file/a.h",
            '#include "file/b.h"\n',
            "lib/file/a.h:1: a circle: lib/file/a.h includes lib/file/b.h, which includes lib/file/a.h",
        )

    def test_functions_in_tables_are_no_calls(self):
        self.repository.write(
            "lib/task/b.c", "/* nai__a() */\nconst kind nai__b_kind = {.name = \"nai__a()\", .fill = nai__a};\nint nai__b(int x)\n{\n}\n"
        )
        self.expect("lib/task/a.c", "int nai__a(int x)\n{\n  return nai__b(x);\n}\n")

    def test_lines_survive_comments_and_strings(self):
        self.expect(
            "lib/task/a.c",
            '/* a\n * b */ char c = \'"\'; char *d = "/*";\nabort();\n',
            "lib/task/a.c:3: ",
        )

    def test_exit_status(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lint.py")
        command = f'"{sys.executable}" "{script}" "{self.repository.folder.name}" > "{self.repository.folder.name}/out"'
        self.assertEqual(os.system(command), 0)
        self.repository.write("lib/base/a.c", '#include "file/file.h"\n')
        self.assertNotEqual(os.system(command), 0)


if __name__ == "__main__":
    unittest.main()
