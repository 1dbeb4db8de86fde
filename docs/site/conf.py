"""The site: `make docs`. Its source folder is the top of the repository, so that links lead where they lead on GitHub.

The Makefile gives NEUROAI_VERSION, NEUROAI_DOXYGEN (its XML), NEUROAI_BUILD (a folder for what is kept), and runs a Python that can import neuroai.
"""

import os
import re
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "bindings/cpp"))

import make  # noqa: E402

os.environ.pop("MPLBACKEND", None)  # notebooks show their figures

project = "libneuroai"
version = release = os.environ["NEUROAI_VERSION"]
author = "the authors of libneuroai"
copyright = author

extensions = [
    "myst_nb",
    "breathe",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
root_doc = "docs/site/index"
include_patterns = ["README.md", "CHANGELOG.md", "docs/**.md"]
exclude_patterns = ["build"]
nitpicky = True  # of our own names; what NumPy and the C library call theirs is in no inventory here
nitpick_ignore_regex = [("py:.*", r"(?!neuroai\b)(?!na\.).*|neuroai\._.*|neuroai\.(rule\.RuleAtWork|model\.PortErrors)"), ("c:identifier", r"u?int\d+_t|size_t")]

# Pages. Headings have GitHub's anchors; links to files that are no pages (examples, headers) become downloads.
myst_enable_extensions = ["amsmath", "dollarmath", "attrs_inline"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 5
suppress_warnings = ["ref.python"]  # one name of several classes

# Of the wheel sphinx-mathjax-offline the one file that is needed, and fonts: 1.6 MB of its 24.
MATHJAX, FONTS = "tex-mml-chtml.js", "output/chtml/fonts/woff-v2"
mathjax_path = "mathjax/" + MATHJAX

# Notebooks: run each time, in an empty folder; one that fails fails the build.
nb_execution_mode = "cache"
nb_execution_cache_path = os.path.join(os.environ["NEUROAI_BUILD"], "notebooks")
nb_execution_timeout = 180
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True
nb_render_markdown_format = "myst"  # whose tables the catalogue prints
nb_execution_show_tb = True

# Python.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"npt.ArrayLike": "ArrayLike"}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# C.
breathe_projects = {"neuroai": os.environ["NEUROAI_DOXYGEN"]}
breathe_default_project = "neuroai"
breathe_domain_by_extension = {"h": "c"}
breathe_default_members = ()
breathe_show_include = False
c_extra_keywords = []  # `imaginary` is a name of ours

html_theme = "furo"
html_title = f"libneuroai {version}"
html_copy_source = False
html_show_sourcelink = False
html_additional_pages = {"index": "start.html"}
templates_path = ["."]


KEPT = ("attribute", "property", "data")  # of which napoleon takes the words before a colon for a type
_kept = {}


def _before_napoleon(app, what, name, obj, options, lines):
    """Bars are absolute values, not substitutions."""
    lines[:] = [re.sub(r"(?<![`|\\])\|([^|`]+)\|(?![`|])", r"\\|\1\\|", line) for line in lines]
    if what in KEPT:
        _kept[name] = list(lines)


def _after_napoleon(app, what, name, obj, options, lines):
    if what in KEPT:
        lines[:] = _kept.pop(name)


def _signature(app, what, name, obj, options, signature, returns):
    """Types as they are written in the source."""

    def short(text):
        return text and re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text))

    return short(signature), short(returns)


def _source(app, name, content):
    """Links to folders, which a forge can show and a site cannot, become plain words."""
    folder = (TOP / name).parent

    def plain(link):
        return link[1] if (folder / link[2]).is_dir() else link[0]

    content[0] = re.sub(r"(?<!!)\[([^\]\n]*)\]\(([^)#:\s]+)\)", plain, content[0])
    if name == "docs/site/cpp":
        content[0] = content[0].replace("%CLASSES%", "".join(make.listing()))


def _mathjax(app):
    """MathJax and its fonts among the site's own files, so that equations are typeset without a network."""
    pages = [Path(file.locate()) for file in distribution("sphinx-mathjax-offline").files]
    source = next(page.parent for page in pages if page.name == MATHJAX)
    target = Path(app.outdir) / "_static/mathjax"
    shutil.copytree(source / FONTS, target / FONTS, ignore=shutil.ignore_patterns("*.txt"), dirs_exist_ok=True)
    shutil.copy(source / MATHJAX, target)


def setup(app):
    app.connect("autodoc-process-docstring", _before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=600)
    app.connect("autodoc-process-signature", _signature)
    app.connect("source-read", _source)
    app.connect("builder-inited", _mathjax)
