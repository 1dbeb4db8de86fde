#!/bin/sh
# CMake gives each file the flags of the Makefile; an installed library is found by find_package(neuroai), also where it
# was moved to, in the version that suits; the source tree is one that FetchContent can take. MAKE BUILD BLAS PYTHON come from
# the Makefile.
set -eu
MAKE=${MAKE:-make}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD

die() {
  [ ! -f "$work/log" ] || cat "$work/log"
  echo "  FAILED  $*" >&2
  exit 1
}
quietly() { "$@" > "$work/log" 2>&1 || die "$*"; }

${PYTHON:-python3} tests/package/flags.py "$MAKE" "$work/flags"

# PIC=1: every file of the static library can go into a plug-in.
# shellcheck disable=SC2086 # MAKE may be several words
$MAKE -s -n -B V=1 PIC=1 BUILD="$work/none" BLAS="${BLAS:-openblas}" static > "$work/pic"
[ "$(grep -c ' -c lib/.*static' "$work/pic")" -gt 100 ] || die "make -n PIC=1 static says nothing"
! grep ' -c lib/.*static' "$work/pic" | grep -v -e ' -fPIC ' || die "files that PIC=1 leaves out"

# project NAME LINE...: a project whose CMakeLists.txt has these lines; configures, builds and runs its programs.
cat > "$work/program.c" << 'END'
#include <neuroai/neuroai.h>
int main(void)
{
  nai_network *net = NULL;
  if (nai_abi_version() != NEUROAI_ABI || nai_network_create(&net, 20.0) != NAI_OK) return 1;
  nai_network_destroy(net);
  return 0;
}
END
cat > "$work/program.cpp" << 'END'
#include <neuroai/neuroai.hpp>
int main() { return nai::network(20.0).dt() == 20.0 ? 0 : 1; }
END
project() {
  name=$1
  shift
  mkdir -p "$work/$name"
  cp "$work/program.c" "$work/program.cpp" "$work/$name"
  printf '%s\n' 'cmake_minimum_required(VERSION 3.18)' 'project(user C CXX)' 'set(CMAKE_CXX_STANDARD 17)' "$@" \
    > "$work/$name/CMakeLists.txt"
}

# shellcheck disable=SC2086 # MAKE may be several words
quietly $MAKE --no-print-directory BUILD="${BUILD:-build}" BLAS="${BLAS:-openblas}" install PREFIX="$work/first"
mv "$work/first" "$work/moved"
project found 'find_package(neuroai 0.2 REQUIRED)' 'message(STATUS "found ${neuroai_VERSION}")' \
  'add_executable(shared program.c)' 'target_link_libraries(shared neuroai::neuroai)' \
  'add_executable(static program.c)' 'target_link_libraries(static neuroai::static)' \
  'add_executable(cpp program.cpp)' 'target_link_libraries(cpp neuroai::neuroai)'
quietly cmake -S "$work/found" -B "$work/found/build" -DCMAKE_PREFIX_PATH="$work/moved"
quietly cmake --build "$work/found/build"
for program in shared static cpp; do "$work/found/build/$program" || die "the program $program"; done
if command -v ldd > /dev/null 2>&1; then
  ldd "$work/found/build/shared" | grep -q "libneuroai.*$work/moved" || die "not the library that was moved"
  ! ldd "$work/found/build/static" | grep -q libneuroai || die "the static program loads the shared library"
fi

# What suits, and what does not: an earlier or later series, a later version, a library that is not there.
version=$(sed -n 's/^.define NEUROAI_VERSION "\(.*\)"$/\1/p' include/neuroai/version.h)
wanted() {
  project asks "find_package(neuroai $1 QUIET)" 'message(STATUS "found is ${neuroai_FOUND}")'
  rm -rf "$work/asks/build"
  quietly cmake -S "$work/asks" -B "$work/asks/build" -DCMAKE_PREFIX_PATH="$work/moved"
  grep -q "found is $2" "$work/log" || die "find_package(neuroai $1) is not $2"
}
wanted "" 1
wanted "$version EXACT" 1
wanted "${version%.*}" 1
wanted "${version%%.*}" 1
wanted 0.1 0
wanted "${version%.*}.99" 0
wanted 1.0 0
rm "$work/moved/lib/libneuroai.a"
wanted "" 0

# FetchContent, of the source tree as it lies here; compiling all of it is left to check-install.
project fetched 'include(FetchContent)' \
  "FetchContent_Declare(neuroai SOURCE_DIR \"$root\" SOURCE_SUBDIR bindings/cmake)" \
  'set(BUILD_SHARED_LIBS OFF)' 'FetchContent_MakeAvailable(neuroai)' \
  'add_executable(program program.c)' 'target_link_libraries(program neuroai::neuroai)'
quietly cmake -S "$work/fetched" -B "$work/fetched/build"

echo "found by CMake where it was moved to, in the versions that suit; FetchContent takes the source tree"
