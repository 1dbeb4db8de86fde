#!/bin/sh
# Installs, uses the library as a user would, with pkg-config, shared and static, and uninstalls: no
# file may be left. MAKE CC PKG_CONFIG RUNNER BUILD BLAS come from the Makefile.
set -eu
MAKE=${MAKE:-make}
CC=${CC:-cc}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
RUNNER=${RUNNER:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  echo "  FAILED  $*" >&2
  exit 1
}

make_quietly() {
  # shellcheck disable=SC2086 # MAKE may be several words
  $MAKE --no-print-directory BUILD="${BUILD:-build}" BLAS="${BLAS:-openblas}" "$@" \
    > "$work/log" 2>&1 || {
    cat "$work/log"
    die "make $*"
  }
}

cat > "$work/program.c" << 'END'
#include <neuroai/neuroai.h>
#include <string.h>
int main(void)
{
  nai_set_error("heard");
  if (nai_abi_version() != NEUROAI_ABI || strcmp(nai_version(), NEUROAI_VERSION) != 0) return 1;
  return strcmp(nai_last_error(), "heard") != 0;
}
END

# use FOLDER ARGUMENT...: compiles and runs the program both ways with the .pc file in FOLDER;
# arguments for pkg-config.
use() {
  folder=$1
  shift
  library=$(PKG_CONFIG_PATH=$folder $PKG_CONFIG "$@" --variable=libdir neuroai)
  flags=$(PKG_CONFIG_PATH=$folder $PKG_CONFIG "$@" --cflags --libs neuroai)
  case $flags in
  *blas* | *lapack*) die "shared use needs no private libraries: $flags" ;;
  esac
  # shellcheck disable=SC2086 # flags are several words
  $CC "$work/program.c" -o "$work/shared" $flags -Wl,-rpath,"$library" || die "compile with: $flags"
  if command -v ldd > /dev/null 2>&1; then
    ldd "$work/shared" | grep -q "libneuroai.*$library/" || die "the program does not load $library"
  fi
  # shellcheck disable=SC2086
  $RUNNER "$work/shared" || die "the program with the shared library"

  flags=$(PKG_CONFIG_PATH=$folder $PKG_CONFIG "$@" --static --cflags --libs neuroai)
  flags=$(echo "$flags" | sed s/-lneuroai/-l:libneuroai.a/) # as README.md has it
  # shellcheck disable=SC2086
  $CC "$work/program.c" -o "$work/static" $flags || die "compile with: $flags"
  if command -v ldd > /dev/null 2>&1; then
    ! ldd "$work/static" | grep -q libneuroai || die "the static program loads the shared library"
  fi
  # shellcheck disable=SC2086
  $RUNNER "$work/static" || die "the program with the static library"
}

nothing_left() {
  left=$(find "$1" ! -type d)
  [ -z "$left" ] || die "left after uninstall: $left"
  [ ! -d "$1$2/include/neuroai" ] || die "left after uninstall: include/neuroai"
}

# Into a folder of one's own, the .pc file made for another PREFIX just before.
make_quietly install DESTDIR="$work/other" PREFIX=/usr/elsewhere
make_quietly install PREFIX="$work/home"
use "$work/home/lib/pkgconfig"
grep -q "^prefix=$work/home\$" "$work/home/lib/pkgconfig/neuroai.pc" \
  || die "the .pc file is of another PREFIX"
make_quietly uninstall PREFIX="$work/home"
nothing_left "$work/home" ""

# Staged, as packagers do, with a library folder of the architecture's: the stage may not show in
# any file.
stage="DESTDIR=$work/stage PREFIX=/usr LIBDIR=/usr/lib/some-triplet"
# shellcheck disable=SC2086
make_quietly install $stage
pc=$work/stage/usr/lib/some-triplet/pkgconfig
! grep -r -l "$work" "$work/stage" || die "the staging folder is written into these files"
use "$pc" --define-variable=prefix="$work/stage/usr"
# shellcheck disable=SC2086
make_quietly uninstall $stage
nothing_left "$work/stage" /usr
make_quietly uninstall DESTDIR="$work/other" PREFIX=/usr/elsewhere
nothing_left "$work/other" /usr/elsewhere

echo "installed, used as shared and as static library, uninstalled without a trace"
