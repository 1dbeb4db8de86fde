"""Images of MNIST's kind: files in the idx format, gzip or not, and where a user keeps them.

An idx file is 0, 0, a byte that says which numbers, a byte that says how many dimensions; the sizes of these, 4 bytes
each; then the numbers; all of them big-endian (Y. LeCun's page on MNIST). Data sets of this kind are four such files:
images and labels to learn from, images and labels to test with.

None of them comes with this library. REPRODUCE_MNIST in the environment names a folder that holds them; without it
Debian's Fashion-MNIST (package dataset-fashion-mnist) is taken where it is installed. Without both, rows on images are
not run.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import NotRun

#: Number types by the third byte of a file.
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
VARIABLE = "REPRODUCE_MNIST"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
PARTS = ("train", "t10k")
CLASSES = 10
#: By how often each of the ten labels stands in the test set.
NAMES = {
    (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009): "MNIST",
    (1000,) * CLASSES: "Fashion-MNIST",
}


class IdxError(ValueError):
    """A file that is not what it should be; says which and why."""


# --- one file --------------------------------------------------------------------------------------------------------


def read(path):
    """The array in an idx file, gzip or not, in the machine's byte order."""
    path = Path(path)
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(path, data)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or data[3] == 0:
        raise IdxError(f"{path}: not an idx file: it starts with {data[:4].hex(' ') or 'nothing'}")
    kind, head = np.dtype(TYPES[data[2]]), 4 + 4 * data[3]
    if len(data) < head:
        raise IdxError(f"{path}: truncated: {len(data)} bytes, its head alone has {head}")
    shape = struct.unpack(f">{data[3]}I", data[4:head])
    expected = head + math.prod(shape) * kind.itemsize
    if len(data) != expected:
        how = "truncated" if len(data) < expected else "too long"
        size = " x ".join(map(str, shape))
        raise IdxError(f"{path}: {how}: {len(data)} bytes, {size} numbers of {kind.itemsize} need {expected}")
    return np.frombuffer(data, kind, offset=head).reshape(shape).astype(kind.newbyteorder("="))


def _unpacked(path, data):
    try:
        return gzip.decompress(data)
    except EOFError:
        raise IdxError(f"{path}: truncated: the compressed data end early") from None
    except (OSError, zlib.error) as error:
        raise IdxError(f"{path}: damaged: {error}") from None


# --- a data set ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Images:
    """A data set: images float32 [n, pixels], 0 to 1; labels int32 [n]."""

    #: "MNIST", "Fashion-MNIST", or "other images".
    name: str
    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    def first(self, n):
        """With only so many images to learn from."""
        return Images(self.name, self.train[:n], self.train_labels[:n], self.test, self.test_labels)


def folder():
    """Where the images are; raises NotRun when they are nowhere."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if DEBIAN.is_dir():
        return DEBIAN
    raise NotRun(
        f"no images: set {VARIABLE} to a folder with MNIST's four files (train-images-idx3-ubyte and so on, .gz or "
        "not), or install Debian's package dataset-fashion-mnist"
    )


def find(where, name):
    """A file, compressed or not."""
    for path in (Path(where) / f"{name}.gz", Path(where) / name):
        if path.is_file():
            return path
    raise IdxError(f"{where}: no file {name} or {name}.gz")


def _part(where, part):
    images, labels = (find(where, f"{part}-{what}-ubyte") for what in ("images-idx3", "labels-idx1"))
    pixels, classes = read(images), read(labels)
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise IdxError(f"{images}: expected images of bytes [n, rows, columns], got {pixels.dtype} {pixels.shape}")
    if classes.shape != pixels.shape[:1]:
        raise IdxError(f"{labels}: expected {len(pixels)} labels, as there are images, got {classes.shape}")
    if classes.size and not (classes.min() >= 0 and classes.max() < CLASSES):
        raise IdxError(f"{labels}: expected labels 0 to {CLASSES - 1}, got {classes.min()} to {classes.max()}")
    return pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255), classes.astype(np.int32)


def load(where=None):
    """The images in a folder; without one, those of ``folder()``."""
    where = folder() if where is None else Path(where)
    (train, train_labels), (test, test_labels) = (_part(where, part) for part in PARTS)
    if train.shape[1] != test.shape[1]:
        raise IdxError(f"{where}: images of {train.shape[1]} pixels to learn from, of {test.shape[1]} to test with")
    counts = tuple(int(count) for count in np.bincount(test_labels, minlength=CLASSES))
    return Images(NAMES.get(counts, "other images"), train, train_labels, test, test_labels)
