"""Builds libneuroai by the Makefile of the project and puts it beside the Python files.

Everything else is in pyproject.toml. The compiler, its flags and the BLAS are chosen as for `make`: CC=clang CFLAGS=-O3
BLAS=reference pip install ./bindings/python.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BUILD") or "build")
LIBRARY = "libneuroai.dylib" if sys.platform == "darwin" else "libneuroai.so"


class BuildWithLibrary(build_py):
    """Copies the shared library to where the modules go."""

    def run(self):
        super().run()
        target = (HERE if self.editable_mode else Path(self.build_lib)) / "neuroai" / LIBRARY
        self.mkpath(str(target.parent))
        shutil.copyfile(self.built(), target)  # follows the links: the file itself
        target.chmod(0o755)

    @staticmethod
    def built():
        if not (ROOT / "Makefile").exists():
            sys.exit(f"neuroai: {ROOT} has no Makefile; install from the folder bindings/python of a whole source tree")
        make = os.environ.get("MAKE") or "make"
        done = subprocess.run([*make.split(), "-C", str(ROOT), f"BUILD={BUILD}", "shared"], check=False)
        if done.returncode != 0:
            sys.exit("neuroai: the library could not be built; `make deps` installs what it needs")
        return ROOT / BUILD / LIBRARY


class BinaryDistribution(Distribution):
    """One that is made for a kind of machine, though it has no extension module."""

    def has_ext_modules(self):
        return True


class AnyPython(bdist_wheel):
    """ctypes does not care for the version of Python."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


# What setuptools makes on the way goes where the Makefile's own files go.
scratch = (ROOT if (ROOT / "Makefile").exists() else HERE) / BUILD / "python"
scratch.mkdir(parents=True, exist_ok=True)

setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": AnyPython},
    distclass=BinaryDistribution,
    options={"build": {"build_base": str(scratch)}, "egg_info": {"egg_base": str(scratch)}},
)
