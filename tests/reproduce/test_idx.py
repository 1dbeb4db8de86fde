"""The reader of idx files: what it reads, and what it says of files that are not right."""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness  # noqa: E402
import idx  # noqa: E402


def packed(array, kind=8):
    """An idx file by hand."""
    array = np.asarray(array)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def written(path, data):
    path.write_bytes(data)
    return path


PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_reads_bytes(tmp_path, compress):
    found = idx.read(written(tmp_path / "images", compress(packed(PIXELS))))
    assert found.dtype == np.uint8 and np.array_equal(found, PIXELS)


@pytest.mark.parametrize("kind, number", [(9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_reads_all_types_of_numbers(tmp_path, kind, number):
    array = np.array([[1, -2, 3], [100, 0, -128]], number)
    found = idx.read(written(tmp_path / "numbers", packed(array, kind)))
    assert found.dtype == np.dtype(number).newbyteorder("=") and np.array_equal(found, array)


def test_big_endian_is_not_the_machines_own(tmp_path):
    assert idx.read(written(tmp_path / "one", b"\0\0\x0c\x01\0\0\0\x01\0\0\1\2")).tolist() == [258]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "not an idx file: it starts with nothing"),
        (b"\0\0\x08", "not an idx file: it starts with 00 00 08"),
        (b"PNG picture", "not an idx file: it starts with 50 4e 47 20"),
        (b"\0\1" + packed(PIXELS)[2:], "not an idx file: it starts with 00 01 08 03"),
        (b"\0\0\x0a" + packed(PIXELS)[3:], "not an idx file: it starts with 00 00 0a 03"),
        (b"\0\0\x08\0", "not an idx file: it starts with 00 00 08 00"),
        (packed(PIXELS)[:10], "truncated: 10 bytes, its head alone has 16"),
        (packed(PIXELS)[:-1], "truncated: 39 bytes, 2 x 3 x 4 numbers of 1 need 40"),
        (packed(PIXELS) + b"\0", "too long: 41 bytes, 2 x 3 x 4 numbers of 1 need 40"),
        (packed(np.zeros(3, ">f4"), 13)[:-4], "truncated: 16 bytes, 3 numbers of 4 need 20"),
        (gzip.compress(packed(PIXELS))[:-12], "truncated: the compressed data end early"),
        (gzip.compress(packed(PIXELS))[:-8] + b"\0" * 8, "damaged: CRC check failed"),
        (gzip.compress(b"PNG picture"), "not an idx file: it starts with 50 4e 47 20"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, data, said):
    path = written(tmp_path / "bad", data)
    with pytest.raises(idx.IdxError) as error:
        idx.read(path)
    assert str(error.value).startswith(f"{path}: {said}")


def test_a_damaged_stream(tmp_path):
    data = bytearray(gzip.compress(np.random.default_rng(0).bytes(500)))
    data[10:40] = b"\xff" * 30
    with pytest.raises(idx.IdxError, match="damaged: "):
        idx.read(written(tmp_path / "bad", bytes(data)))


# --- data sets -------------------------------------------------------------------------------------------------------

TEST_LABELS = np.repeat(np.arange(10, dtype=np.uint8), 1000)


def data_set(folder, **other):
    """Four files, of which some are other ones."""
    parts = {
        "train-images-idx3": np.full((5, 2, 3), 255),
        "train-labels-idx1": np.array([0, 9, 3, 3, 1]),
        "t10k-images-idx3": np.full((len(TEST_LABELS), 2, 3), 51),
        "t10k-labels-idx1": TEST_LABELS,
    }
    for name, array in parts.items():
        array = other.get(name.replace("-", "_"), array)
        written(folder / f"{name}-ubyte.gz", gzip.compress(packed(np.asarray(array, np.uint8)), 1))
    return folder


def test_loads_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv(idx.VARIABLE, str(data_set(tmp_path)))
    images = idx.load()
    assert images.name == "Fashion-MNIST"
    assert images.train.shape == (5, 6) and images.train.dtype == np.float32 and np.all(images.train == 1)
    assert images.train_labels.tolist() == [0, 9, 3, 3, 1]
    assert np.allclose(images.test, 0.2) and np.array_equal(images.test_labels, TEST_LABELS)
    first = images.first(2)
    assert len(first.train) == len(first.train_labels) == 2 and len(first.test) == len(images.test)


def test_data_sets_are_told_apart(tmp_path):
    mnist = next(counts for counts, name in idx.NAMES.items() if name == "MNIST")
    assert idx.load(data_set(tmp_path, t10k_labels_idx1=np.repeat(np.arange(10), mnist))).name == "MNIST"
    labels = TEST_LABELS.copy()
    labels[0] = 1
    assert idx.load(data_set(tmp_path, t10k_labels_idx1=labels)).name == "other images"


def test_files_need_not_be_compressed(tmp_path):
    plain = packed(np.array([7, 7, 7, 7, 7], np.uint8))
    written(data_set(tmp_path) / "train-labels-idx1-ubyte", plain)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    assert idx.load(tmp_path).train_labels.tolist() == [7] * 5


@pytest.mark.parametrize(
    "other, said",
    [
        ({"train_labels_idx1": [1, 2]}, r"train-labels.*: expected 5 labels, as there are images, got \(2,\)"),
        ({"train_labels_idx1": [1, 2, 3, 4, 10]}, "train-labels.*: expected labels 0 to 9, got 1 to 10"),
        ({"train_images_idx3": np.zeros((5, 6))}, r"train-images.*: expected images of bytes .*, got uint8 \(5, 6\)"),
        ({"train_images_idx3": np.zeros((5, 2, 2))}, "images of 4 pixels to learn from, of 6 to test with"),
    ],
)
def test_parts_that_do_not_fit(tmp_path, other, said):
    with pytest.raises(idx.IdxError, match=said):
        idx.load(data_set(tmp_path, **other))


def test_a_missing_file(tmp_path):
    with pytest.raises(idx.IdxError, match="no file train-images-idx3-ubyte or train-images-idx3-ubyte.gz"):
        idx.load(tmp_path)


def test_without_images_rows_are_not_run(tmp_path, monkeypatch):
    monkeypatch.delenv(idx.VARIABLE, raising=False)
    monkeypatch.setattr(idx, "DEBIAN", tmp_path / "nowhere")
    with pytest.raises(harness.NotRun, match="no images: set REPRODUCE_MNIST to a folder"):
        idx.load()
    monkeypatch.setattr(idx, "DEBIAN", tmp_path)
    assert idx.folder() == tmp_path
