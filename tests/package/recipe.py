"""Renders the recipe for conda, as conda-forge would, and looks at what came out; nothing is built or fetched.

Usage: recipe.py. Needs py-rattler-build from PyPI.
"""

import sys
from pathlib import Path

from rattler_build import RenderConfig, Stage0Recipe, VariantConfig

ROOT = Path(__file__).resolve().parents[2]
#: What conda-forge pins for all of its recipes.
VARIANTS = {"c_compiler": ["gcc"], "c_stdlib": ["sysroot"], "c_stdlib_version": ["2.17"]}
RECIPE = ROOT / "bindings/packages/conda/recipe.yaml"


def main():
    found = Stage0Recipe.from_file(RECIPE).render(VariantConfig(VARIANTS), RenderConfig())
    names = [(one.recipe.package.name, str(one.recipe.package.version)) for one in found]
    version = (ROOT / "include/neuroai/version.h").read_text().split('NEUROAI_VERSION "')[1].split('"')[0]
    assert sorted(names) == [("libneuroai", version), ("neuroai", version)], names
    print("the recipe for conda renders:", ", ".join(f"{name} {number}" for name, number in names))


if __name__ == "__main__":
    sys.exit(main())
