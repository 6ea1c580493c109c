"""A file made of pieces reads like the pieces joined."""

import io

import pytest

from image_store.adapters.imaging.pieces import Pieces

PARTS: list[bytes | memoryview] = [
    b"",
    b"\x89PNG",
    memoryview(b"..0123456789..")[2:12],
    b"",
    b"x",
    b"end",
    b"",
]
JOINED = b"\x89PNG0123456789xend"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 18, 100])
@pytest.mark.parametrize("start", [0, 1, 4, 5, 13, 14, 15, 17, 18, 40])
def test_from_any_byte_on_it_reads_what_the_joined_pieces_hold(start: int, size: int) -> None:
    file, expected = Pieces(PARTS), io.BytesIO(JOINED)
    file.seek(start)
    expected.seek(start)

    read = [file.read(size) for _ in range(4)]

    assert read == [expected.read(size) for _ in range(4)]
    assert file.tell() == expected.tell()


def test_it_can_be_sought_from_either_end_and_from_where_it_is() -> None:
    file = Pieces(PARTS)

    assert file.seek(-3, io.SEEK_END) == 15
    assert file.read() == b"end"
    assert file.seek(-4, io.SEEK_CUR) == 14
    assert file.read() == b"xend"
    with pytest.raises(ValueError, match="first"):
        file.seek(-1)


def test_nothing_is_an_empty_file() -> None:
    assert Pieces([]).read() == b""


def test_a_buffer_in_front_of_it_reads_lines_of_the_same_bytes() -> None:
    assert io.BufferedReader(Pieces([b"one\ntw", b"o\n", b"three"]), 4).readlines() == [
        b"one\n",
        b"two\n",
        b"three",
    ]
