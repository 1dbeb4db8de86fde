#!/bin/sh
# Usage: run.sh BUILD   (the build folder with the shared library); CC and CXX as in make.
#
# Runs the programs of examples/hosts whose language is installed. Each must print the digits that the
# one in C prints; what it says of its time is shown. Compiles again only what has changed. docs/hosts.md
# must give each program's lines.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$root/examples/hosts
build=$(cd "$1" && pwd)
out=$build/hosts
model=$out/decision.safetensors
CC=${CC:-cc}
CXX=${CXX:-g++}
JNA=${JNA:-/usr/share/java/jna.jar}
export JNA
link="-L$build -lneuroai"
limit=$(command -v timeout > /dev/null && echo timeout 120)
export LD_LIBRARY_PATH="$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export DYLD_LIBRARY_PATH="$LD_LIBRARY_PATH"
mkdir -p "$out"
cd "$out" || exit 1

# make_if_old FILE SOURCE... -- COMMAND...
make_if_old() {
  made=$1
  shift
  sources=
  while [ "$1" != -- ]; do
    sources="$sources $programs/$1"
    shift
  done
  shift
  # shellcheck disable=SC2086 # several sources; no space in their names
  [ -e "$made" ] && [ -z "$(find $sources "$root/include" -type f -newer "$made")" ] || $limit "$@"
}

node_headers() {
  for folder in "$(dirname "$(node -p process.execPath)")/../include/node" /usr/include/node /usr/include/nodejs/src; do
    [ -f "$folder/node_api.h" ] && { echo "$folder"; return; }
  done
}

# shellcheck disable=SC2086 # CC, CXX and flags are several words
program() {
  case $1 in
  host.c)
    make_if_old host host.c -- $CC -O2 -I"$root/include" "$programs/host.c" -o host $link \
      && ./host "$model"
    ;;
  host.cpp)
    make_if_old host-cpp host.cpp -- \
      $CXX -std=c++17 -O2 -I"$root/include" "$programs/host.cpp" -o host-cpp $link \
      && ./host-cpp "$model"
    ;;
  host.rs)
    make_if_old host-rs host.rs -- rustc --edition 2021 -O -L "$build" "$programs/host.rs" -o host-rs \
      && ./host-rs "$model"
    ;;
  host.go)
    make_if_old host-go host.go -- env CGO_CFLAGS="-O2 -I$root/include" CGO_LDFLAGS="$link" \
      GOCACHE="$out/go" GOTOOLCHAIN=local go build -o host-go "$programs/host.go" \
      && ./host-go "$model"
    ;;
  host.lua) luajit "$programs/host.lua" "$model" ;;
  Host.java)
    make_if_old Host.class Host.java -- javac -cp "$JNA" -d . "$programs/Host.java" \
      && java -cp "$JNA:." Host "$model"
    ;;
  host.cs)
    make_if_old host.exe host.cs -- mcs -out:host.exe "$programs/host.cs" && mono host.exe "$model"
    ;;
  host.js)
    make_if_old glue.node glue_node.c glue.h -- $CC -shared -fPIC -O2 -I"$root/include" \
      -I"$(node_headers)" "$programs/glue_node.c" -o glue.node $link \
      && node "$programs/host.js" "$out/glue.node" "$model"
    ;;
  host.R)
    make_if_old glue_r.so glue_r.c glue.h -- $CC -shared -fPIC -O2 -I"$root/include" \
      $(R CMD config --cppflags) "$programs/glue_r.c" -o glue_r.so $link \
      && Rscript --vanilla "$programs/host.R" ./glue_r.so "$model"
    ;;
  host.m)
    make_if_old glue_mex.mex glue_mex.c glue.h -- env CFLAGS=-O2 mkoctfile --mex -I"$root/include" \
      "$programs/glue_mex.c" -o glue_mex.mex $link \
      && octave-cli --norc "$programs/host.m" . "$model"
    ;;
  esac
}

# What program needs, as .ci/deps calls it.
need() {
  case $1 in
  host.cpp) echo cxx ;;
  host.rs) echo rust ;;
  host.go) echo go ;;
  host.lua) echo luajit ;;
  Host.java) echo jna ;;
  host.cs) echo mono ;;
  host.js) echo node ;;
  host.R) echo r ;;
  host.m) echo octave ;;
  esac
}

# shellcheck disable=SC2086
make_if_old model model.c -- $CC -O2 -I"$root/include" "$programs/model.c" -o model $link \
  && ./model "$model" && program host.c > host.c.txt || exit 1
expected=$(head -n 1 host.c.txt)
case $expected in
"loop "[0-9]*", cost "[0-9]*" after 20 updates") ;;
*) echo "host.c printed: $expected" >&2; exit 1 ;;
esac
echo "  C       $expected"
echo "  ok      host.c     $(sed -n 2p host.c.txt)"

failed=0
for name in host.cpp host.rs host.go host.lua Host.java host.cs host.js host.R host.m; do
  missing=$(LOOK=1 CXX="${CXX%% *}" "$root/.ci/deps" "$(need "$name")")
  if [ -n "$missing" ]; then
    printf '  skipped %-10s %s is not installed\n' "$name" "$missing"
  elif program "$name" > "$name.txt" 2> "$name.errors" < /dev/null \
    && [ "$(head -n 1 "$name.txt")" = "$expected" ]; then
    printf '  ok      %-10s %s\n' "$name" "$(sed -n 2p "$name.txt")"
  else
    printf '  FAILED  %-10s instead of the line of C:\n' "$name"
    tail -n 20 "$name.txt" "$name.errors"
    failed=1
  fi
done

cd "$programs" || exit 1
for file in host.* Host.* glue*; do
  lines=$(($(wc -l < "$file")))
  grep -qE "/$file\), $lines( |$)" "$root/docs/hosts.md" && continue
  echo "  FAILED  docs/hosts.md does not say that $file has $lines lines"
  failed=1
done
exit $failed
