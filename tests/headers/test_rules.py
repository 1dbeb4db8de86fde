"""The rules' own test: the headers with one fault each, which is found, and nothing else."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rules  # noqa: E402

#: Header, what is there, what takes its place, what is said of it.
FAULTS = [
    ("trainer", "  uint32_t struct_size; /**< sizeof(nai_progress)", "  double size; /**<", "nai_progress does not begin with struct_size"),
    ("state", "It never changes, as programs", "Programs", "nai_spike has no size, and its comment does not say"),
    ("agent", "  double weight;", "  nai_view view; double weight;", "view is a whole nai_view, which then can never grow"),
    ("status", "NAI_ERR_USER = -9 ", "NAI_ERR_USER ", "NAI_ERR_USER has no value of its own"),
    ("trainer", "int64_t n_costs; ", "int32_t n_costs; ", "n_costs is an int32_t"),
    ("network", "nai_network_count(const nai_network *net, int32_t kind)", "nai_network_count(const nai_network *net, int32_t number)", "number is an int32_t"),
    ("state", "nai_state_set_threads(nai_state *state, int64_t threads)", "nai_state_set_threads(nai_state *state, size_t threads)", "threads is of the type size_t"),
    ("network", "NAI_API double nai_network_dt(", "NAI_API float nai_network_dt(", "nai_network_dt() returns a float"),
    ("state", "nai_state_step(float *outputs, nai_state *state, const float *inputs)", "nai_state_step(nai_state *state, const float *inputs, float *outputs)", "outputs is filled, and comes after the object state"),
    ("model", "const nai_model_ops *ops, void *user)", "void *user, const nai_model_ops *ops)", "user has to be the last argument"),
    ("extend", "(*generate)(void *user, nai_trial_batch *batch)", "(*generate)(nai_trial_batch *batch, void *user)", "user has to be the first argument"),
    ("status", "(int64_t done, int64_t total, void *user)", "(void *user, int64_t done, int64_t total)", "user has to be the last argument"),
]


class Rules(unittest.TestCase):
    def test_each_fault_is_found_and_no_other(self):
        for header, there, instead, words in FAULTS:
            with self.subTest(words=words), tempfile.TemporaryDirectory() as folder:
                shutil.copytree(rules.ROOT / "include", Path(folder) / "include")
                path = Path(folder) / f"include/neuroai/{header}.h"
                text = path.read_text(encoding="utf-8")
                self.assertEqual(text.count(there), 1, there)
                path.write_text(text.replace(there, instead), encoding="utf-8")
                found = list(rules.faults(Path(folder)))
                self.assertEqual(len(found), 1, found)
                self.assertIn(words, found[0])

    def test_the_headers_have_none(self):
        self.assertEqual(list(rules.faults(rules.ROOT)), [])


if __name__ == "__main__":
    unittest.main()
