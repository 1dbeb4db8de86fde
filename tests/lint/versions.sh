#!/bin/sh
# The version and the number of the binary interface are written down in several places, which must
# agree: version.h, the changelog, the Python package, the version script, the .pc file.
set -eu
failed=0

expect() { # expect PLACE FOUND WANTED
  if [ "$2" != "$3" ]; then
    echo "  FAILED  $1 says '$2', $header says '$3'"
    failed=1
  fi
}

header=include/neuroai/version.h
define() { sed -n "s/^#define NEUROAI_$1 \"\{0,1\}\([0-9.]*\)\"\{0,1\}\$/\1/p" $header; }

version=$(define VERSION)
abi=$(define ABI)
[ -n "$version" ] && [ -n "$abi" ] || { echo "  FAILED  no version in $header"; exit 1; }
expect "MAJOR.MINOR.PATCH" \
  "$(define VERSION_MAJOR).$(define VERSION_MINOR).$(define VERSION_PATCH)" "$version"

# The newest release, or what is to become it.
expect CHANGELOG.md \
  "$(sed -n 's/^## \[\{0,1\}v\{0,1\}\([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" "$version"
expect "CHANGELOG.md's first ABI line" \
  "$(sed -n -e 's/^.*ABI: compatible (\(NEUROAI_[0-9]*\)).*/\1/p' \
    -e 's/^.*ABI: SOVERSION \([0-9]*\).*/NEUROAI_\1/p' CHANGELOG.md | head -n 1)" "NEUROAI_$abi"
expect bindings/python/pyproject.toml \
  "$(sed -n 's/^version *= *"\(.*\)"/\1/p' bindings/python/pyproject.toml | head -n 1)" "$version"
recipe=bindings/packages/conda/recipe.yaml
expect $recipe "$(sed -n 's/^  version: "\(.*\)"/\1/p' $recipe)" "$version"
expect lib/neuroai.map \
  "$(sed -n 's/^\(NEUROAI_[0-9]*\) {.*/\1/p' lib/neuroai.map | head -n 1)" "NEUROAI_$abi"

# The .pc file that would be installed.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${MAKE:-make} --no-print-directory -s BUILD="$folder" "$folder/neuroai.pc" > /dev/null
expect neuroai.pc "$(sed -n 's/^Version: //p' "$folder/neuroai.pc")" "$version"

[ "$failed" -eq 0 ] && echo "version $version, binary interface $abi"
exit "$failed"
