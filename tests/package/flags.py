"""Compares how the Makefile and CMake compile each file of the library: the same files, and for each the same options that
change what is computed.

Usage: flags.py MAKE FOLDER. Nothing is compiled; CMake configures in FOLDER.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def options_of(command):
    """The file and the options that matter: -O, -f, -m, -std, and definitions; of several -O the last holds."""
    words = shlex.split(command)
    file = Path(words[-1] if words[-2] == "-c" else words[words.index("-c") + 1])
    file = file.resolve().relative_to(ROOT) if file.is_absolute() else file
    chosen = {word for word in words if word[:2] in ("-f", "-m", "-s", "-D") and "_EXPORTS" not in word}
    chosen = {word.replace('\\"', '"') for word in chosen if "prefix-map" not in word and word != "-m64"}
    chosen.add([word for word in words if word.startswith("-O")][-1])
    return str(file), chosen


def of_make(make):
    command = [*make.split(), "-s", "-n", "-B", "V=1", "BUILD=build/none", "shared"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(options_of(line.split(" -o ")[0]) for line in lines if " -c lib/" in line)


def of_cmake(folder):
    command = ["cmake", "-S", str(ROOT / "bindings/cmake"), "-B", folder, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    compiled = json.loads((Path(folder) / "compile_commands.json").read_text())
    return dict(options_of(one["command"]) for one in compiled)


def main():
    make, cmake = of_make(sys.argv[1]), of_cmake(sys.argv[2])
    assert len(make) > 100, f"make compiles {len(make)} files"
    wrong = [f"{file}: only by {'make' if file in make else 'CMake'}" for file in sorted(set(make) ^ set(cmake))]
    for file in sorted(set(make) & set(cmake)):
        if make[file] != cmake[file]:
            ours, theirs = " ".join(sorted(make[file] - cmake[file])), " ".join(sorted(cmake[file] - make[file]))
            wrong.append(f"{file}: make has {ours or 'nothing more'}, CMake {theirs or 'nothing more'}")
    for line in wrong:
        print(f"  FAILED  {line}")
    if not wrong:
        print(f"{len(make)} files, with the same options by make and by CMake")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
