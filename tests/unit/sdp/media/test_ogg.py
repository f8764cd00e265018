"""Tracks: what is written is read back, also when the file ends in the middle."""

from __future__ import annotations

import io
import struct

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import ogg
from sdp.media.ogg import OggError, Placed, TrackWriter, read_track

PACKET = b"\xf8\xff\xfe"  # 20 ms
LONG = b"\xf8" + bytes(600)


def written(packets: list[tuple[int, bytes]], tags: dict[str, str] | None = None) -> bytes:
    track = TrackWriter(serial=7)
    data = track.begin(tags or {})
    for position, packet in packets:
        data += track.add(packet, position)
    return data + track.flush()


def test_the_checksum_is_that_of_ogg():
    # the empty last page of a stream, as libogg writes it
    page = ogg.Pages(0x11223344).page([], 960, ogg.LAST)

    assert page[22:26] == ogg.checksum(page[:22] + bytes(4) + page[26:]).to_bytes(4, "little")
    assert ogg.checksum(b"123456789") == 0x89A1897F  # CRC-32/MPEG-2's polynomial, no inversion


def test_packets_come_back_with_their_places():
    track = read_track(written([(0, PACKET), (960, LONG), (1920, PACKET)]))

    assert list(track.packets()) == [
        Placed(0, PACKET),
        Placed(960, LONG),
        Placed(1920, PACKET),
    ]
    assert track.end == 2880


def test_a_gap_stays_a_gap():
    track = read_track(written([(0, PACKET), (960, PACKET), (48_000, PACKET)]))

    assert [placed.position for placed in track.packets()] == [0, 960, 48_000]
    assert track.end == 48_960


def test_a_track_may_begin_late():
    assert [p.position for p in read_track(written([(5000, PACKET)])).packets()] == [5000]


def test_packets_never_overlap():
    track = read_track(written([(0, PACKET), (500, PACKET), (100, PACKET)]))

    assert [placed.position for placed in track.packets()] == [0, 960, 1920]


def test_tags_come_back():
    tags = {"call_id": "a=b", "epoch": "3", "side": "caller"}

    assert read_track(written([], tags)).tags == tags


def test_a_page_closes_about_each_second():
    track = TrackWriter(serial=7)
    track.begin({})

    closed = [index for index in range(120) if track.add(PACKET, index * 960)]

    assert closed == [49, 99]


def test_a_page_closes_when_its_255_segments_are_full():
    track = TrackWriter(serial=7)
    track.begin({})
    packet = b"\xf8" + bytes(1400)  # 6 segments

    assert [index for index in range(45) if track.add(packet, index * 960)] == [42]


def test_a_file_cut_anywhere_loses_at_most_the_page_that_was_cut():
    data = written([(index * 960, PACKET) for index in range(100)])
    whole = read_track(data)

    for cut in range(len(data) - 1, 200, -1):
        packets = list(read_track(data[:cut]).packets())
        assert packets == list(whole.packets())[: len(packets)]
        assert len(packets) in (0, 50)


def test_reading_stops_at_a_damaged_page():
    data = bytearray(written([(index * 960, PACKET) for index in range(100)]))
    data[-5] ^= 1

    assert len(list(read_track(bytes(data)).packets())) == 50


@pytest.mark.parametrize("packet", [b"", b"\xfb\x00", b"\xf8" + bytes(1500)])
def test_what_is_not_a_usable_opus_packet_is_left_out(packet):
    assert read_track(written([(0, packet), (960, PACKET)])).end == 1920


def test_a_flush_with_nothing_open_writes_nothing():
    track = TrackWriter(serial=7)
    track.begin({})

    assert track.flush() == b""


@pytest.mark.parametrize("data", [b"", b"OggS", bytes(300), written([])[:60]])
def test_without_headers_it_is_no_track(data):
    with pytest.raises(OggError):
        read_track(data)


def test_headers_of_another_codec_are_no_track():
    pages = ogg.Pages(1)
    vorbis = pages.page([b"\x01vorbis"], 0, ogg.FIRST)

    with pytest.raises(OggError):
        read_track(vorbis + pages.page([ogg.tags_packet({})], 0))
    with pytest.raises(OggError):
        read_track(written([])[:47] + pages.page([b"\x03vorbis"], 0))


@pytest.mark.parametrize(
    "tags",
    [
        b"OpusTags",
        b"OpusTags" + struct.pack("<I", 1000),
        b"OpusTags" + struct.pack("<II", 0, 5),
        b"OpusTags" + struct.pack("<III", 0, 1, 2) + b"\xff\xff",
    ],
)
def test_damaged_tags_are_noticed(tags):
    pages = ogg.Pages(1)
    head = pages.page([b"OpusHead" + bytes(11)], 0, ogg.FIRST)

    with pytest.raises(OggError):
        read_track(head + pages.page([tags], 0))


def test_another_program_reads_our_tracks():
    data = written([(index * 960, PACKET) for index in range(75)])

    with av.open(io.BytesIO(data), "r", format="ogg") as file:
        samples = sum(frame.samples for frame in file.decode(file.streams.audio[0]))

    assert samples == 75 * 960


@given(
    st.lists(
        st.tuples(st.integers(0, 200_000), st.integers(1, 700).map(lambda n: b"\xf8" + bytes(n))),
        max_size=80,
    )
)
def test_any_packets_at_any_places_come_back_in_order(packets):
    read = list(read_track(written(packets)).packets())

    assert [placed.packet for placed in read] == [packet for _, packet in packets]
    ends = [placed.position + 960 for placed in read]
    assert all(end <= placed.position for end, placed in zip(ends, read[1:], strict=False))
    assert all(
        placed.position >= position for placed, (position, _) in zip(read, packets, strict=True)
    )
