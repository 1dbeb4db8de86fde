#!/bin/sh
# Usage: run.sh FOLDER HEADER...   (CC and CXX from the environment)
#
# Each public header must compile alone, twice in one file, as C99 and as C++11, without any
# warning, and its structs must have no padding, which compilers may lay out differently. A stub
# includes it: a header of macros alone would be an empty translation unit. Last, all of them in one
# file in reverse order.
set -eu
folder=$1
shift
CC=${CC:-cc}
CXX=${CXX:-c++}
mkdir -p "$folder"
strict="-Iinclude -Wall -Wextra -pedantic -Werror -Wundef -Wpadded -Wshadow -fsyntax-only"
failed=0

fail() {
  echo "  FAILED  $1"
  failed=1
}

compile() { # compile NAME LINE...: a file of these lines
  file=$folder/$1.c
  name=$1
  shift
  printf '%s\n' "$@" > "$file"
  # shellcheck disable=SC2086 # several flags, and CC may be several words
  $CC -std=c99 $strict -Wstrict-prototypes "$file" || fail "$name as C99"
  # shellcheck disable=SC2086
  $CXX -std=c++11 $strict -Wold-style-cast -x c++ "$file" || fail "$name as C++11"
}

stub='extern int stub;
int stub = 0;'
all=
for header in "$@"; do
  include="#include <${header#include/}>"
  all="$include
$all"
  compile "$(basename "$header" .h)" "$include" "$include" "$stub"
done
compile all_reversed "$all" "$stub"

# A program's own NAI_API is kept: that of a plug-in which hides the library's calls.
compile own_linkage '#define NAI_API extern' '#include <neuroai/neuroai.h>' "$stub"

[ "$failed" -eq 0 ] && echo "$# headers compile alone, twice, as C99 and C++11"
exit "$failed"
