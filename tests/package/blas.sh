#!/bin/sh
# Usage: blas.sh CHOICE "FOLDERS" FILE...
#
# Says which BLAS and LAPACK the loader gives to each program or library; with CHOICE `reference`
# these must be the reference ones out of FOLDERS, and no other BLAS may come along.
set -eu
choice=$1
folders=$2
shift 2
failed=0
for file in "$@"; do
  loaded=$(ldd "$file" | awk '/blas|lapack|mkl|blis|atlas/ { print ($3 == "" ? $1 : $3) }')
  echo "$file:" $loaded
  [ -n "$loaded" ] || { echo "  FAILED  $file loads no BLAS"; failed=1; }
  [ "$choice" = reference ] || continue
  for library in $loaded; do
    inside=no
    for folder in $folders; do
      case $library in "$folder"/*) inside=yes ;; esac
    done
    [ "$inside" = yes ] || { echo "  FAILED  $library is not the reference library"; failed=1; }
  done
done
exit "$failed"
