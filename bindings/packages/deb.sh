#!/bin/sh
# Debian packages of the last commit, in $BUILD/deb, which lintian has to accept: `make deb`. VERSION, BUILD and
# PYTHON come from the Makefile; the changelog of the packages is made here, for the version has its places already.
set -eu
folder=${BUILD:-build}/deb
source=$folder/libneuroai-$VERSION

rm -rf "$folder" && mkdir -p "$source"
git archive HEAD | tar -x -C "$source"
cp -R bindings/packages/debian "$source/debian"
cat > "$source/debian/changelog" << END
libneuroai ($VERSION-1) unstable; urgency=medium

  * Version $VERSION: see the changelog of the library.

 -- $(sed -n 's/^Maintainer: //p' bindings/packages/debian/control)  $(git log -1 --format=%aD)
END

# The python3 that trains in the packages' own test is one that has NumPy.
PATH=$(dirname "$PYTHON"):$PATH
export PATH
# -d: what builds the library is found by itself; whoever builds for an archive does it in a clean room.
(cd "$source" && dpkg-buildpackage --no-sign -b -d > ../build.log 2>&1) \
  || { tail -n 40 "$folder/build.log"; echo "  FAILED  dpkg-buildpackage" >&2; exit 1; }
# There is no bug of Debian's that asks for the package yet.
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$folder"/*.changes \
  || { echo "  FAILED  lintian" >&2; exit 1; }

# As installed: the module of the one package with the library of the other.
mkdir "$folder/root"
for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
root=$(cd "$folder/root" && pwd)
libraries=$(dirname "$(find "$root" -name 'libneuroai.so.?')")
LD_LIBRARY_PATH=$libraries PYTHONPATH=$root/usr/lib/python3/dist-packages "$PYTHON" -c "
import neuroai as na
assert na.__file__.startswith('$root'), na.__file__
assert any('libneuroai' in line and '$root' in line for line in open('/proc/self/maps'))
print(na.build_info())"
ls "$folder"/*.deb
