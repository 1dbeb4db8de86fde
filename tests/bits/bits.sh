#!/bin/sh
# Compares bits: builds a commit and this tree, runs tests/bits/bits.c (this tree's) with both, for the
# portable and the avx2 kernels. What differs is printed.
#
#   bits.sh BASE BUILD        BASE: a commit; BUILD: a folder for it all
set -eu
base=$1
build=$2/bits
root=$(cd "$(dirname "$0")/../.." && pwd)
cc=${CC:-cc}
commit=$(git -C "$root" rev-parse --short "$base^{commit}")
old=$build/$commit.tree

if [ ! -e "$old/build/libneuroai.a" ]; then
  rm -rf "$old"
  mkdir -p "$old"
  git -C "$root" archive "$commit" | tar -x -C "$old"
fi
${MAKE:-make} -C "$old" CC="$cc" build/libneuroai.a > "$build/$commit.log" 2>&1 || { tail "$build/$commit.log"; exit 1; }

run() { # tree, name: kernels one after another
  # shellcheck disable=SC2086
  $cc -O1 -std=c11 -I"$1/include" "$root/tests/bits/bits.c" -o "$build/$2" "$1/build/libneuroai.a" \
    ${LIBS:--lopenblas -lpthread -lm}
  for kernels in portable avx2; do
    if [ $kernels = avx2 ] && ! grep -qw avx2 /proc/cpuinfo; then continue; fi
    "$build/$2" $kernels
  done > "$build/$2.part"
  mv "$build/$2.part" "$build/$2.txt"
}
# The commit's are made once, for each form of bits.c.
if [ "$build/$commit.txt" -nt "$root/tests/bits/bits.c" ]; then :; else run "$old" "$commit"; fi
run "$root" now
if diff "$build/$commit.txt" "$build/now.txt"; then
  echo "  $(wc -l < "$build/now.txt") sums of bits are those of $commit"
else
  echo "  FAILED  bits differ from those of $commit"
  exit 1
fi
