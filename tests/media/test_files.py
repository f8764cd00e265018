"""Recordings on disk: slow and full disks, orphans, and packets of unusual lengths."""

from __future__ import annotations

import asyncio
import fractions
import os
from pathlib import Path

import av
import numpy as np
import pytest

from sdp.media import files, mixdown
from sdp.media.files import Finished, TrackStore, is_recording_id, track_path
from sdp.media.ogg import TrackWriter, read_track
from sdp.media.opus import packet_ticks
from sdp.media.recording import Format, Layout, Side, Sides
from tests.media.far_end import FRAME, RATE, encode, loudness, strength, tone
from tests.media.test_calls import listen


def track(packets: list[bytes], start: int = 0, ticks: int = FRAME) -> bytes:
    writer = TrackWriter(7)
    data = writer.begin({"call_id": "c1", "epoch": "4"})
    for index, packet in enumerate(packets):
        data += writer.add(packet, start + index * ticks)
    return data + writer.flush()


@pytest.fixture
async def store(tmp_path, monkeypatch):
    monkeypatch.setattr("sdp.media.disk.COLLECTING", 0.01)
    made = TrackStore(tmp_path / "recordings", "this-boot")
    yield made
    made.close()


async def test_what_is_written_is_mixed(store, tmp_path):
    tracks = store.open("rec-1")
    tracks.write(Side.CALLER, track(encode(tone(440, 0.5))))
    tracks.write(Side.OURS, track(encode(tone(1000, 0.5))))

    finished = await store.finish(tracks)

    path = tmp_path / "recordings" / "rec-1.opus"
    assert finished == Finished("rec-1.opus", 500, path.stat().st_size)
    assert finished.to_json("rec-1") == {
        "recording_id": "rec-1",
        "path": "rec-1.opus",
        "duration_ms": 500,
        "size_bytes": path.stat().st_size,
        "cause": "completed",
    }


async def test_an_empty_recording_is_a_failed_one(store):
    finished = await store.finish(store.open("rec-1"))

    assert finished.to_json("rec-1")["cause"] == "failed"
    assert finished.to_json("rec-1")["message"] == "nothing was recorded"


async def test_a_disk_that_refuses_is_told_and_what_was_written_is_kept(store, monkeypatch):
    tracks = store.open("rec-1")
    tracks.write(Side.CALLER, track(encode(tone(440, 0.5))))
    await asyncio.sleep(0.05)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        tracks.write(Side.CALLER, b"more")
        await asyncio.sleep(0.05)
    tracks.write(Side.CALLER, b"never written")
    finished = await store.finish(tracks)

    assert finished.path == "rec-1.opus"
    assert finished.message == "the disk refused: OSError"


async def test_a_disk_that_is_too_slow_ends_the_recording_not_the_memory(store, monkeypatch):
    tracks = store.open("rec-1")
    monkeypatch.setattr(files, "MAX_BACKLOG", 0)
    tracks.write(Side.CALLER, b"late")

    finished = await store.finish(tracks)

    assert finished.message == "the disk is too slow"


@pytest.mark.parametrize("text", ["", "a/b", "..", ".hidden", "-x", "a" * 65, "ä", "a b", "a\n"])
def test_some_texts_cannot_be_file_names(text):
    assert not is_recording_id(text)


async def test_a_recording_of_a_name_that_is_in_use_fails_and_does_not_mix_up_the_other(store):
    first = store.open("rec-1")
    first.write(Side.CALLER, track([b"\xf8a"] * 50))
    second = store.open("rec-1")
    second.write(Side.CALLER, b"never")
    await asyncio.sleep(0.05)

    assert second.problem == "the disk refused: FileExistsError"
    assert (await store.finish(first)).duration_ms == 1000
    assert (await store.finish(second)).path == ""


async def test_an_unusable_name_is_refused(store):
    with pytest.raises(ValueError, match="recording_id"):
        store.open("../escape")


async def recovered(store: TrackStore) -> list[tuple[str, str, int, str]]:
    return [
        (orphan.recording_id, orphan.call_id, orphan.epoch, finished.path)
        async for orphan, finished in store.recover()
    ]


def leave(tmp_path: Path, recording_id: str, caller: bytes, ours: bytes) -> Path:
    folder = tmp_path / "recordings" / files.TRACKS / "older-boot"
    folder.mkdir(parents=True, exist_ok=True)
    track_path(folder, recording_id, Side.CALLER).write_bytes(caller)
    track_path(folder, recording_id, Side.OURS).write_bytes(ours)
    return folder


async def test_orphans_are_finished_and_their_folder_goes(store, tmp_path):
    whole = track(encode(tone(440, 0.5)))
    folder = leave(tmp_path, "rec-1", whole, whole[:-7])
    leave(tmp_path, "rec-2", b"", whole)
    leave(tmp_path, "rec-3", b"", b"")

    assert await recovered(store) == [
        ("rec-1", "c1", 4, "rec-1.opus"),
        ("rec-2", "c1", 4, "rec-2.opus"),
    ]
    assert not folder.exists()


async def test_tracks_that_cannot_be_put_together_stay_for_the_next_start(
    store, tmp_path, monkeypatch
):
    folder = leave(tmp_path, "rec-1", track([b"\xf8a"]), track([]))
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", "/bin/false")
        assert await recovered(store) == [("rec-1", "c1", 4, "")]

    assert track_path(folder, "rec-1", Side.CALLER).exists()
    assert await recovered(store) == [("rec-1", "c1", 4, "rec-1.opus")]


async def test_a_mixdown_that_hangs_is_given_up(store, tmp_path, monkeypatch):
    leave(tmp_path, "rec-1", track([b"\xf8a"]), track([]))
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(slow))
    monkeypatch.setattr(files, "MIXDOWN_SECONDS", 0.1)

    ((_, finished),) = [pair async for pair in store.recover()]

    assert finished.message == "putting the tracks together took too long"


async def test_the_tracks_of_the_living_are_left_alone(store, tmp_path):
    other = TrackStore(tmp_path / "recordings", "another-boot")
    tracks = other.open("rec-1")
    tracks.write(Side.CALLER, track([b"\xf8a"]))
    await asyncio.sleep(0.05)

    assert await recovered(store) == []

    other.close()
    assert [name for name, *_ in await recovered(store)] == ["rec-1"]


async def test_a_stray_file_among_the_folders_does_not_matter(store, tmp_path):
    (tmp_path / "recordings" / files.TRACKS / "stray").write_text("x")

    assert await recovered(store) == []


async def test_an_empty_folder_of_tracks_is_removed_at_the_end(tmp_path):
    store = TrackStore(tmp_path / "recordings", "this-boot")
    store.close()

    assert os.listdir(tmp_path / "recordings" / files.TRACKS) == []


# --- side by side ---------------------------------------------------------------------------------


def encode_60_ms(samples: np.ndarray) -> list[bytes]:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = RATE, "mono", "s16", 24_000
    codec.time_base = fractions.Fraction(1, RATE)
    codec.options = {"frame_duration": "60", "application": "voip"}
    packets = []
    for start in range(0, len(samples) - 3 * FRAME + 1, 3 * FRAME):
        block = samples[start : start + 3 * FRAME].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        packets += [bytes(packet) for packet in codec.encode(frame)]
    assert {packet_ticks(packet) for packet in packets} == {3 * FRAME}
    return packets


def test_a_caller_with_long_packets_is_encoded_anew(tmp_path):
    long = encode_60_ms(tone(440, 1.2))
    caller = read_track(track(long[:10], ticks=3 * FRAME))
    ours = read_track(track(encode(tone(1000, 0.6))))

    duration = mixdown.mix(caller, ours, tmp_path / "out.opus")

    left, right = listen(tmp_path / "out.opus")
    assert duration == 600
    assert strength(left[4800:24_000], 440) > 0.97
    assert strength(right[4800:24_000], 1000) > 0.97


def test_pauses_between_long_packets_stay_pauses(tmp_path):
    long = encode_60_ms(tone(440, 1.2))
    writer = TrackWriter(7)
    data = writer.begin({})
    for index, packet in enumerate([*long[:5], b"\x1a\xff\xff", *long[5:10]]):
        data += writer.add(packet, index * 3 * FRAME + (RATE if index > 4 else 0))
    caller = read_track(data + writer.flush())

    mixdown.mix(caller, read_track(track([])), tmp_path / "out.opus")

    left, _ = listen(tmp_path / "out.opus")
    assert strength(left[4800:12_000], 440) > 0.9
    assert loudness(left[24_000:57_600] * 32_768) < -60
    assert loudness(left[67_200:72_000] * 32_768) > -26


def test_the_program_says_how_long_it_became(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: None)
    (tmp_path / "caller").write_bytes(track([b"\xf8a"] * 50))
    arguments = [str(tmp_path / name) for name in ("caller", "missing", "out")]

    assert mixdown.main(arguments) == 0
    assert capsys.readouterr().out == '{"duration_ms": 1000}\n'
    assert (tmp_path / "out").exists()


def test_the_program_says_that_there_is_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: None)
    (tmp_path / "caller").write_bytes(b"junk")
    arguments = [str(tmp_path / name) for name in ("caller", "missing", "out")]

    assert mixdown.main(arguments) == 0
    assert capsys.readouterr().out == '{"duration_ms": 0}\n'
    assert not (tmp_path / "out").exists()


async def test_a_finished_recording_is_never_written_over(store, tmp_path):
    first = store.open("rec-1")
    first.write(Side.CALLER, track([b"\xf8a"]))
    await store.finish(first)
    path = tmp_path / "recordings" / "rec-1.opus"
    before = path.read_bytes()

    again = store.open("rec-1", Layout(Sides.BOTH, Format.WAV))
    again.write(Side.CALLER, track([b"\xf8b"] * 50))
    finished = await store.finish(again)

    assert (finished.path, finished.message) == ("", "there is a recording of that id already")
    assert path.read_bytes() == before
    assert not path.with_suffix(".wav").exists()
