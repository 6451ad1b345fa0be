import struct
import zlib

import numpy as np

from crmo_seg.training.pictures import AGREED, FALSE, MISSED, agreement_picture, png


def test_each_kind_of_voxel_has_its_colour_and_the_second_axis_runs_up() -> None:
    image = np.zeros((4, 3, 2), np.float32)
    pred, ref = np.zeros((4, 3, 2), np.uint8), np.zeros((4, 3, 2), np.uint8)
    pred[1, 0, 0] = ref[1, 0, 0] = 1
    pred[2, 0, 1] = 1
    ref[3, 2, 0] = 1
    picture = agreement_picture(image, pred=pred, ref=ref)
    assert picture.shape == (3, 4, 3)
    for row, column, colour in ((2, 1, AGREED), (2, 2, FALSE), (0, 3, MISSED)):
        assert np.argmax(picture[row, column]) == np.argmax(colour)
        assert picture[row, column].any()
    assert not picture[1].any()


def test_a_wrong_class_is_no_agreement() -> None:
    pred, ref = np.full((1, 1, 1), 2, np.uint8), np.ones((1, 1, 1), np.uint8)
    picture = agreement_picture(np.zeros((1, 1, 1), np.float32), pred=pred, ref=ref)
    assert np.argmax(picture[0, 0]) == np.argmax(FALSE)


def test_a_png_holds_the_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    content = png(picture)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        chunks[kind], at = body, at + 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (7, 5)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(5, 22)
    assert np.array_equal(lines[:, 1:].reshape(5, 7, 3), picture)
