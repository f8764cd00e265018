"""Speech engines that die, hang and talk nonsense; and the example of the documentation."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sdp.media.client import MediaError
from sdp.media.messages import MediaErrorCode, MessageError
from sdp.media.speech import engines
from sdp.media.speech.engines import CannotSay
from sdp.media.speech.program import SpeechSettings
from sdp.media.speech.script import Say, read_text
from sdp.media.speech.speaker import Speaker
from tests.media.conftest import ROOT, Process, until
from tests.media.far_end import decode, strength

HOWTO = ROOT / "docs" / "howto" / "use-another-voice.md"
HEAD = """
import json, os, sys, time
out = sys.stdout.buffer

def write(data, sound=b""):
    out.write(json.dumps(data).encode() + b"\\n" + sound)
    out.flush()

def speak(request, sound):
    write({"id": request["id"], "bytes": len(sound)}, sound)

def is_first():
    try:
        os.close(os.open(FILE, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

FILE = sys.argv[1]
BEEP = bytes([0, 16, 0, 240] * 4000)
write({"engine": "test", "rate": 16000, "languages": {"en": "English"}})
for line in sys.stdin:
    request = json.loads(line)
"""

Make = Callable[..., Speaker]


@pytest.fixture
async def make_speaker(tmp_path: Path) -> AsyncIterator[Make]:
    speakers = []

    def make(body: str = "", *, program: str = "", **settings: object) -> Speaker:
        """A speaker whose engine does `body` for each request."""
        path = tmp_path / "engine.py"
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        path.write_text(program or HEAD + lines)
        command = (sys.executable, str(path), str(tmp_path / "happened"))
        wanted = {"command": command, "silence_seconds": 1.0, **settings}
        speakers.append(Speaker(SpeechSettings(**wanted)))  # type: ignore[arg-type]
        return speakers[-1]

    yield make
    for speaker in speakers:
        await speaker.close()


def happened(speaker: Speaker) -> Path:
    """The file that the engine writes about what it does."""
    return Path(speaker._engines.settings.command[-1])


def saying(text: str = "Hello.", **options: str) -> Say:
    return Say(pieces=read_text(text, "text"), **options)  # type: ignore[arg-type]


async def whole(speaker: Speaker, text: str = "Hello.") -> int:
    """How much was said, in ms."""
    prompt = await speaker.get(saying(text), 1.0, whole=True)
    assert prompt.problem == ""
    return prompt.duration_ms


END = 'write({"id": request["id"], "end": True})\n'
GOOD = "speak(request, BEEP)\n" + END


async def test_an_engine_that_works(make_speaker):
    assert await whole(make_speaker(GOOD), "One. Two.") in range(1000, 1041)


@pytest.mark.parametrize(
    "trouble",
    ["os.abort()", "time.sleep(60)", "os.write(1, b'nonsense\\n')", "sys.exit(0)"],
    ids=["crash", "hang", "nonsense", "exit"],
)
async def test_what_fails_once_is_said_again_without_a_repetition(make_speaker, trouble):
    body = (
        f"speak(request, BEEP[:8000])\nif is_first():\n    {trouble}\nspeak(request, BEEP[8000:])\n"
    )
    speaker = make_speaker(body + END)

    assert await whole(speaker) in range(500, 541)


async def test_what_fails_again_fails_with_a_reason_and_the_next_speech_is_said(make_speaker):
    speaker = make_speaker('if request["text"] == "Bad.":\n    os.abort()\n' + GOOD)

    with pytest.raises(CannotSay, match="^the speech engine has failed: it has died$"):
        await speaker.get(saying("Bad."), 1.0)
    assert await whole(speaker) > 0
    prompt = await speaker.get(saying("Good. Bad."), 1.0, whole=True)
    assert prompt.duration_ms > 400
    assert prompt.problem == "the speech engine has failed: it has died"


async def test_an_engine_may_refuse_a_text_and_lives_on(make_speaker):
    body = 'if request["text"] == "Bad.":\n    write({"id": request["id"], "error": "full"})\n    continue\n'
    speaker = make_speaker(body + GOOD)

    with pytest.raises(CannotSay, match="^the speech engine says: full$"):
        await speaker.get(saying("Bad."), 1.0)
    assert await whole(speaker) > 0


async def test_one_that_does_not_stop_talking_is_stopped(make_speaker, monkeypatch):
    monkeypatch.setattr("sdp.media.speech.program.PIECE_SOUND_SECONDS", 2)
    speaker = make_speaker("while True:\n    speak(request, BEEP)")

    prompt = await speaker.get(saying(), 1.0, whole=True)
    assert prompt.problem == "the speech engine has failed: it does not stop talking"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print('hello', flush=True); input()", "it wrote something that is no JSON object"),
        ("print('{\"rate\": 1}', flush=True); input()", "rate: a whole number"),
        ("import sys; sys.exit(1)", "it has died"),
        ("import time; time.sleep(60)", "it hangs"),
        ("print('a' * 1000000, flush=True)", "it wrote a line without end"),
    ],
)
async def test_what_does_not_greet_is_no_engine_and_is_not_tried_at_once_again(
    make_speaker, program, message, monkeypatch
):
    speaker = make_speaker(program=program)
    with pytest.raises(CannotSay, match=message):
        await speaker.voices()

    monkeypatch.setattr("sdp.media.speech.program.ESPEAK", ("/nowhere",))
    with pytest.raises(CannotSay, match=message):
        await speaker.get(saying(), 1.0)


async def test_a_program_that_is_not_there(make_speaker, monkeypatch):
    monkeypatch.setattr("sdp.media.speech.program.ESPEAK", ("/nowhere/engine",))
    speaker = make_speaker(command=())
    with pytest.raises(CannotSay, match="it cannot be run: No such file or directory"):
        await speaker.voices()


async def test_after_a_rest_it_is_tried_again(make_speaker, monkeypatch):
    monkeypatch.setattr(engines, "REST_SECONDS", 0.0)
    speaker = make_speaker(
        program="import sys, os\nif not os.path.exists(sys.argv[1]):\n"
        "    open(sys.argv[1], 'w').close(); sys.exit(1)\n"
        + HEAD
        + "    "
        + GOOD.replace("\n", "\n    ")
    )
    with pytest.raises(CannotSay):
        await speaker.voices()

    assert await whole(speaker) > 0


async def test_sound_is_heard_before_its_piece_is_whole(make_speaker):
    body = "for _ in range(4):\n    speak(request, BEEP)\nwhile not os.path.exists(FILE):\n    time.sleep(0.01)\n"
    speaker = make_speaker(body + END, silence_seconds=30.0)
    prompt = await speaker.get(saying(), 1.0)
    assert prompt.packets
    assert not prompt.is_complete

    happened(speaker).touch()
    await until(lambda: prompt.is_complete)
    assert prompt.duration_ms in range(2000, 2041)


async def test_many_texts_share_few_processes(make_speaker):
    speaker = make_speaker('open(FILE, "a").write(f"{os.getpid()}\\n")\n' + GOOD, processes=2)
    texts = [f"Text {number}." for number in range(12)]
    await asyncio.gather(*(whole(speaker, text) for text in texts))

    used = happened(speaker).read_text().split()
    assert len(used) == 12
    assert len(set(used)) <= 2


async def test_an_engine_knows_no_secret_and_no_file_of_ours(make_speaker, monkeypatch):
    body = 'open(FILE, "w").write(repr((sorted(os.environ), os.listdir("/proc/self/fd"), os.nice(0))))\n'
    environ = {"PATH": os.environ["PATH"], "SPEECH_KEY": "k"}
    speaker = make_speaker(body + GOOD, environ=environ)
    await whole(speaker)

    names, handles, niceness = eval(happened(speaker).read_text())
    assert [name for name in names if name != "LC_CTYPE"] == ["PATH", "SPEECH_KEY"]
    assert len(handles) <= 5  # three pipes, the folder and the file of this test
    assert niceness >= 5


async def test_a_voice_that_is_not_there_is_refused_as_soon_as_the_engine_is_known(make_speaker):
    speaker = make_speaker(GOOD)
    speaker.check(saying(language="de"))
    await speaker.voices()

    with pytest.raises(MessageError, match=r"^options\.language: no voice speaks 'de'"):
        speaker.check(saying(language="de"))


async def test_the_example_of_the_documentation_speaks(make_speaker):
    (example,) = re.findall(r"```python\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    speaker = make_speaker(program=example)
    prompt = await speaker.get(saying("This is a longer text."), 1.0, whole=True)

    assert (await speaker.voices())["engine"] == "hum"
    assert strength(decode(list(prompt.packets)), 300) > 0.9


# --- a worker as a process of its own -------------------------------------------------------------


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_engine_goes_with_its_worker(tmp_path, number):
    process = await Process(tmp_path).ready()
    voices = await asyncio.to_thread(process.client.voices)
    (engine,) = children(process.process.pid)
    process.process.send_signal(number)
    await asyncio.to_thread(process.process.wait, 10)

    assert voices["engine"].startswith("eSpeak NG")
    await until(
        lambda: (
            not Path(f"/proc/{engine}/cmdline").exists()
            or not Path(f"/proc/{engine}/cmdline").read_bytes()
        )
    )


async def test_without_an_engine_a_worker_says_so(tmp_path):
    process = await Process(tmp_path, MEDIA_SPEECH_COMMAND="/nowhere/engine").ready()
    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(process.client.voices)
    await process.terminate()

    assert caught.value.code is MediaErrorCode.NO_SPEECH
