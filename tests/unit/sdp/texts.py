"""SDP texts for the tests of this room."""

from pathlib import Path

from sdp.negotiation import LocalMedia

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sdp"
BROWSERS = ("chromium__offer", "firefox__offer", "safari__offer")
RELAYS = ("janus__lite", "rtpengine__lite", "whatsapp__legacy", "whatsapp__modern")
OFFERS = (*BROWSERS, *RELAYS)
ALL = (*OFFERS, "whatsapp__answer", "whatsapp__sdes")

LOCAL = LocalMedia(
    ip="203.0.113.9",
    port=40_000,
    ufrag="sWh0",
    pwd="kP3vRz8TqLm5XcYb1NwD7eJg",
    fingerprint=":".join(f"{byte:02X}" for byte in range(0xA0, 0xC0)),
    ssrc=305_419_896,
    cname="switchhook",
    session_id=1_790_000_506_999,
)


def read(name: str) -> str:
    return (FIXTURES / f"{name}.sdp").read_bytes().decode("ascii")


def changed(old: str, new: str, *, name: str = "whatsapp__modern") -> str:
    """A fixture with one thing changed; the thing must be there."""
    text = read(name)
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    return text.replace(old, new)


def without(start: str, *, name: str = "whatsapp__modern") -> str:
    """A fixture without the lines that begin so; there must be one."""
    lines = read(name).splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines), f"no line of {name} begins with {start!r}"
    return "".join(kept)
