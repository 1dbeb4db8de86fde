#!/bin/sh
# Usage: symbols.sh SHARED STATIC HEADER...   (NM from the environment)
#
# The shared library exports exactly what the public headers declare with NAI_API; internals in the
# static library have the prefix nai__; nothing in it calls what a library has no business with.
set -eu
shared=$1
static=$2
shift 2
NM=${NM:-nm}
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() { # complain TITLE FILE: fails when the file has a line
  if [ -s "$2" ]; then
    echo "  FAILED  $1:"
    sed 's/^/            /' "$2"
    failed=1
  fi
}

sed -n 's/^NAI_API[^(]*[ *]\(nai_[a-z0-9_]*\)(.*/\1/p' "$@" | sort -u > "$work/declared"
grep -c '^NAI_API' "$@" | awk -F : '{ n += $NF } END { print n }' > "$work/lines"
count=$(wc -l < "$work/declared" | tr -d ' ')
if [ "$count" -ne "$(cat "$work/lines")" ]; then
  echo "  FAILED  $(cat "$work/lines") lines begin with NAI_API, but $count functions were found"
  failed=1
fi

case $shared in
*.dylib) "$NM" -gU "$shared" | awk '{ sub(/^_/, "", $NF); print $NF }' ;;
*) "$NM" -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $NF); print $NF }' ;;
esac | sort -u > "$work/exported"
grep -v '^nai_' "$work/exported" > "$work/foreign" || true
grep '^nai__' "$work/exported" > "$work/internal" || true
comm -23 "$work/declared" "$work/exported" > "$work/missing"
comm -13 "$work/declared" "$work/exported" > "$work/undeclared"
complain "exported without the prefix nai_" "$work/foreign"
complain "internal, but exported" "$work/internal"
complain "declared with NAI_API, but not exported" "$work/missing"
complain "exported, but not declared with NAI_API" "$work/undeclared"

# Instrumented objects have symbols of the instrumentation (__asan_..., __gcov_...), which are not
# ours.
"$NM" -g --defined-only "$static" 2> "$work/empty" | awk 'NF == 3 { print $3 }' | sort -u \
  | grep -v -e '^_*nai_' -e '^__' > "$work/global" || true
complain "global in the static library without the prefix nai_" "$work/global"

"$NM" -u "$static" | awk 'NF == 2 { sub(/^_*/, "", $2); print $2 }' | sort -u > "$work/called"
for list in exported called; do
  [ -s "$work/$list" ] || { echo "  FAILED  $NM says nothing of what is $list"; failed=1; }
done
# fesetenv is called by lib/base/floating.c, and by no other file: lint.py holds that.
cat > "$work/business_of_programs" << 'END'
v?printf(_chk)?|puts|putchar|perror|stdout|stderr
abort|exit|Exit|quick_exit|assert_fail|signal|sigaction
getenv|secure_getenv|setenv|putenv
rand|srand|random|time|gettimeofday
fesetround|feenableexcept
(openblas|goto|omp|mkl)_set_num_threads(_local)?
END
grep -x -E -f "$work/business_of_programs" "$work/called" > "$work/banned" || true
complain "called, but a library may not print, exit, read the environment or set global modes" \
  "$work/banned"

[ "$failed" -eq 0 ] && echo "$count functions, declared and exported; nothing else"
exit "$failed"
