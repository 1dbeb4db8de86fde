#!/bin/sh
# Usage: coverage.sh FOLDER   after the C tests of an instrumented build in FOLDER
#
# The share of lines reached: lcov with pages to look at where it is installed, else gcov's numbers
# file by file.
set -eu
folder=$1
if command -v lcov > /dev/null 2>&1 && command -v genhtml > /dev/null 2>&1; then
  # Once for what there is, once for what was reached: files that no test reaches count too.
  for part in initial reached; do
    # shellcheck disable=SC2046 # nothing or one word
    lcov --quiet --capture $([ $part = reached ] || echo --initial) --directory "$folder/static" \
      --base-directory . --no-external --output-file "$folder/$part.info" 2> "$folder/lcov.log"
  done
  lcov --quiet --add-tracefile "$folder/initial.info" --add-tracefile "$folder/reached.info" \
    --output-file "$folder/all.info"
  lcov --quiet --extract "$folder/all.info" '*/lib/*' --output-file "$folder/lib.info"
  genhtml --quiet --output-directory "$folder/html" "$folder/lib.info"
  lcov --list "$folder/lib.info"
  echo "$folder/html/index.html"
else
  find "$folder/static" -name '*.gcda' | LC_ALL=C sort | while read -r data; do
    gcov --no-output --object-directory "$(dirname "$data")" "$data" 2> /dev/null \
      | awk -F "'" '/^File/ { file = $2 }
          /^Lines executed/ && file ~ /lib\/.*\.[ch]$/ { print $0 "  " file; file = "" }'
  done | tee "$folder/lines.txt"
  awk '{ split($2, part, ":"); sub("%", "", part[2]); reached += part[2] / 100 * $4; all += $4 }
    END { printf "Lines executed: %.1f%% of %d\n", all ? 100 * reached / all : 0, all }' \
    "$folder/lines.txt"
fi
