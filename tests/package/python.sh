#!/bin/sh
# The Python package as its users get it: the source archive is made and carries all that it needs; the
# wheel that is built from it, the archive itself and an editable install each train a network in an
# environment in which nothing else is. PYTHON and BUILD come from the Makefile.
set -eu
PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH NEUROAI_LIBRARY || true
export PIP_DISABLE_PIP_VERSION_CHECK=1
started=$(date +%s)

said() { echo "  ok      $1 (after $(($(date +%s) - started)) s)"; }
die() {
  echo "  FAILED  $*" >&2
  exit 1
}
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log"; die "$*"; }; }

# environment NAME PACKAGE...: one in which these are installed, and trains. The dependencies are the same
# in each.
environment() {
  name=$1
  shift
  quietly "$PYTHON" -m venv "$work/$name"
  quietly "$work/$name/bin/python" -m pip install "$@"
  (cd "$work" && "$work/$name/bin/python" -I "$train") || die "training with $name"
  said "$name"
}
train=$PWD/tests/package/train.py
first=$PWD/tests/package/first_minutes.py

quietly "$PYTHON" -m venv "$work/tools"
quietly "$work/tools/bin/python" -m pip install build py-rattler-build
"$work/tools/bin/python" tests/package/recipe.py || die "the recipe for conda"
quietly "$work/tools/bin/python" -m build --outdir "$work" bindings/python
said "python -m build: sdist, and a wheel from it"
environment wheel "$work"/*.whl
mkdir "$work/steps"
(cd "$work/steps" && quietly "$work/wheel/bin/python" -I "$first" --steps) || die "the first ten minutes, with the wheel"
said "the steps of docs/first_minutes.md"
# Without optimisation, which takes most of the time: that this compiles and runs is what they are for.
export CFLAGS=-O0
environment sdist "$work"/*.tar.gz
environment editable -e bindings/python
"$work/editable/bin/python" -c "import neuroai; assert neuroai.__file__.startswith('$PWD/bindings'), neuroai.__file__"

# Whoever builds it without a BLAS reads what to install.
if BLAS_PC=no-such-blas "$work/tools/bin/python" -m pip wheel --no-deps -w "$work" bindings/python > "$work/log" 2>&1; then
  die "built without a BLAS"
fi
grep -q "LAPACK to be built, and no-such-blas" "$work/log" && grep -q "apt-get install" "$work/log" \
  || { cat "$work/log"; die "what is missing is not named"; }
said "a missing BLAS is named"
