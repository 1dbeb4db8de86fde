"""What the package cannot do without: other packages, and the C library. Where one is missing, the error says which,
and what to install."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any, List, Tuple

#: Who has a library of which name, for the libraries that libneuroai may be linked with.
PACKAGES = (
    ("libscipy_openblas", "the wheel of neuroai carries it, and is damaged: pip install --force-reinstall neuroai"),
    ("openblas", "Debian: apt-get install libopenblas0; Fedora: dnf install openblas; macOS: brew install openblas"),
    ("blas", "Debian: apt-get install libblas3 liblapack3; Fedora: dnf install blas lapack"),
    ("lapack", "Debian: apt-get install libblas3 liblapack3; Fedora: dnf install blas lapack"),
    ("gfortran", "Debian: apt-get install libgfortran5; Fedora: dnf install libgfortran"),
)


#: Packages that are called otherwise than what is imported of them.
_PACKAGES = {"sklearn": "scikit-learn", "sknetwork": "scikit-network"}


def needed(module: str, what: str = "neuroai", extra: str = "") -> Any:
    """A module of another package, or an error that says how to get it."""
    package = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or package).split(".")[0] != package:
            raise  # it is there, and misses something itself
        or_else = f" (or: pip install neuroai[{extra}])" if extra else ""
        message = f"{what} needs {package}: pip install {_PACKAGES.get(package, package)}{or_else}"
        raise ImportError(message, name=package) from None


def has(module: str) -> bool:
    """Whether it is there."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


# --- the C library ---------------------------------------------------------------------------------------------------


def _names(abi: int) -> List[str]:
    if sys.platform == "darwin":
        return ["libneuroai.dylib"]
    if sys.platform == "win32":
        return ["neuroai.dll", "libneuroai.dll"]
    return ["libneuroai.so", f"libneuroai.so.{abi}"]


def _beside(abi: int) -> List[str]:
    """The files beside the package; an editable install has more than one folder."""
    folders = [Path(folder) for folder in sys.modules[__package__].__path__]
    return [str(folder / name) for folder in folders for name in _names(abi) if (folder / name).exists()]


def _candidates(abi: int) -> List[str]:
    """Where the library may be, best first. A file that the user named is the only one, and so is one beside us."""
    named = os.environ.get("NEUROAI_LIBRARY")
    if named:
        return [named]
    beside = _beside(abi)
    if beside:
        return beside
    found = ctypes.util.find_library("neuroai")
    return list(reversed(_names(abi))) + ([found] if found else [])


def _advice(reason: str, candidate: str) -> str:
    """What the loader's message means, where it is another library that is missing."""
    missing = re.match(r"(?P<name>[^\s:/]+\.(?:so|dylib)[\d.]*): cannot open shared object file", reason)
    if missing is None or missing["name"] == Path(candidate).name:
        return ""
    name = missing["name"]
    how = next((advice for word, advice in PACKAGES if word in name), "install the package of the system that has it")
    return f"{candidate} needs {name}, which is missing. {how[0].upper()}{how[1:]}"


def load(abi: int) -> Tuple[ctypes.CDLL, str]:
    """The C library and the name it was loaded by."""
    reasons = []
    for candidate in _candidates(abi):
        try:
            return ctypes.CDLL(candidate), candidate
        except OSError as error:
            reason = str(error)
            advice = _advice(reason, candidate)
            if advice:
                raise ImportError(advice) from None
            reasons.append(reason)
    raise ImportError(
        "libneuroai was not found. Install the package with its library (pip install ./bindings/python), or name the "
        "file in the environment variable NEUROAI_LIBRARY. Tried: " + "; ".join(reasons)
    )
