"""The check of the binary interface must find what it is for: on copies of today's headers with one thing changed."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import abi  # noqa: E402

PROGRESS = "} nai_progress;"
COSTS = "} nai_cost_ops;"
BUILD = "NAI_API nai_status nai_network_build(nai_network *net, uint64_t seed);"


class Interface(unittest.TestCase):
    """A release 1.0.0 with the headers of today, written down, and version 1.1.0 after it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for part in ("include", "lib/neuroai.map"):
            (self.root / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (abi.ROOT / part).is_dir() else shutil.copy
            copy(abi.ROOT / part, self.root / part)
        (self.root / "tests/abi").mkdir(parents=True)
        self.number = int(abi.define(self.root, "NEUROAI_ABI"))
        self.version("1.0.0")
        abi.make_dump(self.root, self.root / "tests/abi/1.0.0.abi")
        self.version("1.1.0")
        self.says(f"compatible (NEUROAI_{self.number})")

    def edit(self, path, old, new):
        """Replaces what must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        self.assertIn(old, text)
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def header(self, name, old, new):
        self.edit(f"include/neuroai/{name}.h", old, new)

    def version(self, version):
        self.header("version", f'"{abi.define(self.root, "NEUROAI_VERSION")}"', f'"{version}"')

    def says(self, line):
        self.changes = f"# Changes\n\n## 1.1.0\n\nABI: {line}\n\n## 1.0.0\n\nABI: SOVERSION 5\n"
        (self.root / "CHANGELOG.md").write_text(self.changes, encoding="utf-8")

    def soname(self, number):
        self.header("version", f"#define NEUROAI_ABI {self.number}", f"#define NEUROAI_ABI {number}")
        self.edit("lib/neuroai.map", f"NEUROAI_{self.number} {{", f"NEUROAI_{number} {{")

    def faults(self):
        return list(abi.faults(self.root, abi.make_library(self.root, self.root / "library.so")))

    def expect(self, *words):
        """One fault, in which these words stand; or none."""
        found = self.faults()
        self.assertEqual(len(found), 1 if words else 0, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_nothing_changed(self):
        self.expect()

    def test_last_member(self):
        self.header("trainer", PROGRESS, f"  double more;\n{PROGRESS}")
        self.expect("since 1.0.0", "'double more'")

    def test_last_member_that_is_named(self):
        self.header("trainer", PROGRESS, f"  double more;\n  const double *others;\n{PROGRESS}")
        self.header("extend", COSTS, f"  nai_status (*more)(void *user);\n{COSTS}")
        self.says(f"compatible (NEUROAI_{self.number}), longer: nai_progress")
        self.expect("since 1.0.0", "data member insertion", "more")
        self.says(f"compatible (NEUROAI_{self.number}), longer: nai_progress, nai_cost_ops")
        self.expect()

    def test_named_but_not_at_the_end(self):
        self.header("trainer", "typedef struct nai_progress {", "typedef struct nai_progress {\n  uint32_t struct_size; double first;")
        self.header("trainer", "  uint32_t struct_size; /**< sizeof(nai_progress)", "  uint32_t other; /**<")
        self.says(f"compatible (NEUROAI_{self.number}), longer: nai_progress")
        self.expect("'double first'")

    def test_named_but_no_longer(self):
        self.says(f"compatible (NEUROAI_{self.number}), longer: nai_progress, nai_spike, nothing")
        self.expect("nai_progress is said to be longer, but is not", "does not begin with struct_size", "nothing is said")

    def test_what_a_callback_of_a_longer_structure_is_given(self):
        self.header("extend", COSTS, f"  nai_status (*more)(void *user);\n{COSTS}")
        self.header("extend", "} nai_rate_batch;", "  float more;\n} nai_rate_batch;")
        self.says(f"compatible (NEUROAI_{self.number}), longer: nai_cost_ops")
        self.expect("'float more'")

    def test_function_gone(self):
        self.header("network", BUILD, "")
        self.expect("1 Removed", "nai_network_build")

    def test_function_new(self):
        self.header("network", BUILD, f"{BUILD}\n{BUILD.replace('build(', 'rebuild(')}")
        self.expect()

    def test_argument(self):
        self.header("network", BUILD, BUILD.replace("uint64_t", "int64_t"))
        self.expect("nai_network_build", "parameter 2")

    def test_handle_of_another_kind(self):
        self.header("network", BUILD, f"struct nai_state;\n{BUILD.replace('nai_network *net', 'struct nai_state *net')}")
        self.expect("nai_network_build", "parameter 1")

    def test_hidden_structure(self):
        self.header("network", BUILD, "#ifdef WITHIN\nstruct nai_network { int a; };\n#endif\n" + BUILD)
        self.expect()

    def test_constants(self):
        for name, word in (("NAI_ERR_NAME = ", "constant NAI_ERR_NAME was"), ("NAI_OK = ", "constant NAI_OK was 0, is")):
            with self.subTest(name=name):
                text = (self.root / "include/neuroai/status.h").read_text(encoding="utf-8")
                self.header("status", name, f"{name}77 + ")
                self.expect(word)
                (self.root / "include/neuroai/status.h").write_text(text, encoding="utf-8")
        self.header("status", "NAI_ERR_NAME = ", "NAI_ERR_NOMEN = ")
        self.expect("constant NAI_ERR_NAME is gone")

    def test_soname_without_a_word(self):
        self.soname(77)
        found = "\n".join(self.faults())
        self.assertIn("soname is libneuroai.so.77, the changelog's ABI line means", found)
        self.assertIn("says compatible, but the soname was", found)

    def test_word_without_a_soname(self):
        self.says(f"SOVERSION {self.number}")
        self.expect(f"says SOVERSION {self.number}, but that is the soname of 1.0.0")
        self.says("SOVERSION 77, as all has changed")
        found = "\n".join(self.faults())
        self.assertIn("the changelog's ABI line means libneuroai.so.77", found)

    def test_a_new_interface(self):
        self.header("network", BUILD, "")
        self.soname(77)
        self.says("SOVERSION 77")
        self.expect()

    def test_a_library_that_lacks_a_function(self):
        self.header("network", BUILD, "")
        library = abi.make_library(self.root, self.root / "library.so")
        self.header("network", "NAI_API nai_status nai_network_create(", BUILD + "\nNAI_API nai_status nai_network_create(")
        found = list(abi.faults(self.root, library))
        self.assertEqual(found, ["declared or exported, not both: nai_network_build"])

    def test_no_line(self):
        (self.root / "CHANGELOG.md").write_text("## 1.1.0\n\nABI: fine\n", encoding="utf-8")
        self.assertRaisesRegex(SystemExit, "1.1.0 has no line", self.faults)

    def test_what_is_written_down_already(self):
        abi.make_dump(self.root, self.root / "tests/abi/1.1.0.abi")
        self.expect()
        self.header("network", BUILD, f"{BUILD}\n{BUILD.replace('build(', 'rebuild(')}")
        self.expect("is release 1.1.0; open the next version", "nai_network_rebuild")

    def test_the_newest_of_older_releases(self):
        self.header("network", BUILD, "")
        for version in ("1.0.9", "1.0.10", "1.2.0"):
            abi.make_dump(self.root, self.root / f"tests/abi/{version}.abi")
        self.header("network", "NAI_API nai_status nai_network_create(", BUILD + "\nNAI_API nai_status nai_network_create(")
        self.expect()
        self.header("network", BUILD, "")
        self.assertEqual(abi.last_release(self.root, "1.1.0")[0], "1.0.10")


if __name__ == "__main__":
    unittest.main()
