#!/bin/sh
# Usage: hidden.sh WHEEL
#
# Installs a wheel into an empty environment and trains a network there, in a mount namespace in which every
# BLAS, LAPACK, Fortran runtime and jansson of the system is an empty file. PYTHON comes from the Makefile.
set -eu
PYTHON=${PYTHON:-python3}
wheel=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
train=$PWD/tests/package/train.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH NEUROAI_LIBRARY || true

"$PYTHON" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"

# What the loader would find by itself, and what lies beside it. (Not in /proc, nor in what we have installed.)
cat > "$work/hide.sh" << 'END'
set -eu
hidden=0
for file in $(find /lib /lib64 /usr/lib /usr/lib64 /usr/local/lib /opt -xdev \( -name 'lib*blas*.so*' \
  -o -name 'liblapack*.so*' -o -name 'libgfortran.so*' -o -name 'libquadmath.so*' -o -name 'libjansson.so*' \
  -o -name 'libneuroai.so*' \) 2> /dev/null); do
  file=$(readlink -f "$file")
  case $file in "$1"/*) continue ;; esac
  [ -s "$file" ] || continue
  mount --bind /dev/null "$file"
  hidden=$((hidden + 1))
done
echo "  $hidden libraries of the system are hidden"
cd "$1"
"$1/venv/bin/python" -I - << 'PROGRAM'
import ctypes
for name in ("libopenblas.so.0", "libblas.so.3", "liblapack.so.3", "libgfortran.so.5", "libjansson.so.4", "libneuroai.so.1"):
    try:
        ctypes.CDLL(name)
    except OSError:
        continue
    raise SystemExit(f"{name} is not hidden")
PROGRAM
for threads in 1 2; do
  OPENBLAS_NUM_THREADS=$threads "$1/venv/bin/python" -I "$2" "$1/venv" alone > "$1/said.$threads"
  cat "$1/said.$threads"
done
digest() { sed -n 's/^weights \([0-9a-f]*\)$/\1/p' "$1"; }
[ -n "$(digest "$1/said.1")" ] || { echo "no digest of the weights" >&2; exit 1; }
[ "$(digest "$1/said.1")" = "$(digest "$1/said.2")" ] \
  || { echo "the weights depend on the threads of the BLAS" >&2; exit 1; }
END
unshare --mount --map-root-user sh "$work/hide.sh" "$work" "$train" || {
  echo "  FAILED  the wheel where the system has no BLAS" >&2
  exit 1
}
echo "the wheel trains where the system has no BLAS, and to the same bits on 1 and 2 threads of its own"
