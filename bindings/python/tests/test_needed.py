"""What is said where something is missing that the package needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import neuroai as na

WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "{package}":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
"""

BAR = """
from neuroai._interrupt import Bar
Bar.AFTER = Bar.OFTEN = 0
Bar(3, "updates", wanted=False).at(1)
Bar(3, "updates").at(1)
"""


def last_line(program, **environment):
    env = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env)
    assert done.returncode != 0, done.stdout
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "package, act, words",
    [
        ("numpy", "import neuroai", "neuroai needs numpy: pip install numpy"),
        ("matplotlib", "import neuroai; neuroai.plot", "neuroai.plot needs matplotlib: pip install matplotlib"),
        ("tqdm", BAR, "a progress bar (progress=False goes without) needs tqdm: pip install tqdm"),
    ],
)
def test_a_missing_package(package, act, words):
    assert last_line(WITHOUT.format(package=package) + act) == "ImportError: " + words


def test_a_package_that_misses_another_is_not_taken_for_missing(tmp_path):
    (tmp_path / "numpy.py").write_text("import lost")
    path = os.pathsep.join([str(tmp_path), str(Path(na.__file__).parents[1])])
    assert last_line("import neuroai", PYTHONPATH=path) == "ModuleNotFoundError: No module named 'lost'"


def compiled(folder, name, *flags):
    """A shared library without contents."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no C compiler, or another kind of library")
    source = folder / "empty.c"
    source.write_text("int empty;\n")
    subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(folder / name), *flags], check=True)
    return folder / name


@pytest.mark.parametrize(
    "name, advice",
    [
        ("libopenblas64_p.so.9", "Debian: apt-get install libopenblas0; Fedora: dnf install openblas; macOS: brew install openblas"),
        ("libunheard.so.5", "Install the package of the system that has it"),
    ],
)
def test_a_library_that_the_library_needs(tmp_path, name, advice):
    other = compiled(tmp_path, name, f"-Wl,-soname,{name}")
    library = compiled(tmp_path, "libneuroai.so", "-Wl,--no-as-needed", str(other))
    other.unlink()
    expected = f"ImportError: {library} needs {name}, which is missing. {advice}"
    assert last_line("import neuroai", NEUROAI_LIBRARY=str(library)) == expected


def test_no_library_at_all(tmp_path):
    line = last_line("import neuroai", NEUROAI_LIBRARY=str(tmp_path / "libneuroai.so"))
    assert "libneuroai was not found. Install the package" in line and str(tmp_path) in line
