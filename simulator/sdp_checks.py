"""What Meta demands of the business's SDP, answer or offer. Pure.

Meta: calling/faq, calling/integration-patterns and calling/troubleshooting; refusals have the
shape of graph_errors.invalid_sdp. Read line by line on purpose, without any SDP library, so that
the check depends on nobody's tolerance.
"""

import re
from dataclasses import dataclass

MAX_SDP_LENGTH = 10_000

_FINGERPRINT = re.compile(r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$")
_ICE_TEXT = re.compile(r"^[A-Za-z0-9+/=]+$")


class SdpRefused(ValueError):
    """Meta would not take this SDP; the text becomes `error_data.details`."""


@dataclass(frozen=True)
class BusinessMedia:
    """What we need of the answer to talk with the business."""

    ufrag: str
    pwd: str
    fingerprint: str
    setup: str
    opus: int
    telephone_event: int | None
    ssrc: int | None
    candidates: tuple[str, ...]
    remarks: tuple[str, ...]
    """Tolerated by Meta, as far as known, but against its recommendations."""
    mid: str = "audio"


def check_answer(
    sdp: str, *, mid: str, payload_types: tuple[int, ...], ice_lite: bool = True
) -> BusinessMedia:
    """Check an answer to our offer.

    :param mid: the media id of our offer.
    :param payload_types: those of our offer.
    :param ice_lite: whether our offer was.
    :raises SdpRefused: with the first fault found.
    """
    lines, media = _sections(sdp)
    _check_description(lines, media, mid)
    if ice_lite and "a=ice-lite" in lines:
        raise SdpRefused("Both sides are ICE-lite: nobody would send checks")
    listed = _listed(media)
    if not set(listed) <= set(payload_types):
        raise SdpRefused("Payload types must be those of the offer")
    setups = _values(lines, "setup")
    if setups not in (["active"], ["passive"]):
        raise SdpRefused("setup must be active or passive in an answer (RFC 8842)")
    return _business_media(lines, media, listed, setups[0])


def check_offer(sdp: str) -> BusinessMedia:
    """Check the offer of a business-initiated call.

    :raises SdpRefused: with the first fault found.
    """
    lines, media = _sections(sdp)
    mids = _values(media, "mid")
    if len(mids) != 1:
        raise SdpRefused("mid is required")
    _check_description(lines, media, mids[0])
    if "a=ice-lite" in lines:
        raise SdpRefused("Both sides are ICE-lite: nobody would send checks")
    setups = _values(lines, "setup")
    if setups not in (["actpass"], ["active"], ["passive"]):
        raise SdpRefused("setup must be actpass in an offer (RFC 8842)")
    return _business_media(lines, media, _listed(media), setups[0])


def _sections(sdp: str) -> tuple[list[str], list[str]]:
    """All lines, and those from the one m-line on."""
    _check_text(sdp)
    lines = sdp.split("\r\n")[:-1]
    kind_at = [i for i, line in enumerate(lines) if line.startswith("m=")]
    if len(kind_at) != 1:
        raise SdpRefused("SDP must have exactly one m-line")
    return lines, lines[kind_at[0] :]


def _business_media(
    lines: list[str], media: list[str], listed: list[int], setup: str
) -> BusinessMedia:
    opus, telephone_event = _codecs(media, listed)
    ufrag, pwd = _credentials(lines)
    return BusinessMedia(
        ufrag=ufrag,
        pwd=pwd,
        fingerprint=_fingerprint(lines),
        setup=setup,
        opus=opus,
        telephone_event=telephone_event,
        ssrc=_ssrc(media),
        candidates=tuple(_values(media, "candidate")),
        remarks=_remarks(lines, media),
        mid=_values(media, "mid")[0],
    )


def _check_text(sdp: str) -> None:
    if len(sdp) > MAX_SDP_LENGTH:
        raise SdpRefused("SDP is too long")
    if "\\r\\n" in sdp or "\\n" in sdp:
        raise SdpRefused("SDP validation error: line ends are escaped twice")
    if re.search(r"(?<!\r)\n|\r(?!\n)", sdp) or not sdp.endswith("\r\n"):
        raise SdpRefused("SDP validation error: lines must end with CRLF (RFC 8866)")
    if not sdp.startswith("v=0\r\no=") or "\r\ns=" not in sdp or "\r\nt=" not in sdp:
        raise SdpRefused("SDP validation error: v=, o=, s= and t= are required")
    if not all(re.match(r"^[a-z]=\S", line) for line in sdp.split("\r\n")[:-1]):
        raise SdpRefused("SDP validation error: malformed line")


def _check_description(lines: list[str], media: list[str], mid: str) -> None:
    words = media[0][2:].split(" ")
    if words[0] != "audio" or len(words) < 4 or words[1] == "0":
        raise SdpRefused("SDP must have one active audio m-line")
    if words[2] != "UDP/TLS/RTP/SAVPF":
        raise SdpRefused("SDP must use UDP/TLS/RTP/SAVPF")
    if not any(line.startswith("c=IN IP") for line in lines):
        raise SdpRefused("SDP validation error: no connection line")
    if _values(media, "mid") != [mid] or _values(lines, "group") != [f"BUNDLE {mid}"]:
        raise SdpRefused("mid and BUNDLE group must match the offer")
    directions = {"sendrecv", "sendonly", "recvonly", "inactive"}
    given = [line[2:] for line in lines if line[2:] in directions]
    if given not in ([], ["sendrecv"]):
        raise SdpRefused("Audio must be sendrecv")
    if "a=rtcp-mux" not in media:
        raise SdpRefused("rtcp-mux is required")


def _listed(media: list[str]) -> list[int]:
    return [int(word) for word in media[0].split(" ")[3:] if word.isdecimal()]


def _codecs(media: list[str], listed: list[int]) -> tuple[int, int | None]:
    maps = dict(value.split(" ", 1) for value in _values(media, "rtpmap") if " " in value)
    names = {pt: maps.get(str(pt), "").lower() for pt in listed}
    opus = [pt for pt, name in names.items() if name == "opus/48000/2"]
    events = [pt for pt, name in names.items() if name.startswith("telephone-event/")]
    if not opus:
        raise SdpRefused("No opus/48000/2 found in SDP")
    if any(names[pt] != "telephone-event/8000" for pt in events):
        raise SdpRefused("telephone-event must have a clock rate of 8000")
    return opus[0], events[0] if events else None


def _credentials(lines: list[str]) -> tuple[str, str]:
    ufrags, pwds = _values(lines, "ice-ufrag"), _values(lines, "ice-pwd")
    if len(ufrags) != 1 or len(pwds) != 1:
        raise SdpRefused("ice-ufrag and ice-pwd are required")
    if not (4 <= len(ufrags[0]) <= 256 and 22 <= len(pwds[0]) <= 256):
        raise SdpRefused("ice-ufrag or ice-pwd has a wrong length (RFC 8839)")
    if not (_ICE_TEXT.match(ufrags[0]) and _ICE_TEXT.match(pwds[0])):
        raise SdpRefused("ice-ufrag or ice-pwd has a forbidden character (RFC 8839)")
    return ufrags[0], pwds[0]


def _fingerprint(lines: list[str]) -> str:
    found = [value.partition(" ") for value in _values(lines, "fingerprint")]
    if not found:
        raise SdpRefused("No fingerprint found in SDP")
    if any(algorithm.lower() != "sha-256" for algorithm, _, _ in found):
        raise SdpRefused("Fingerprint algo is not SHA256")
    if len(found) != 1 or not _FINGERPRINT.match(found[0][2]):
        raise SdpRefused("Fingerprint is malformed")
    return found[0][2].upper()


def _ssrc(media: list[str]) -> int | None:
    texts = {value.split(" ", 1)[0] for value in _values(media, "ssrc")}
    if not all(text.isascii() and text.isdecimal() for text in texts):
        raise SdpRefused("SDP validation error: malformed ssrc")
    if len(texts) > 1:
        raise SdpRefused("SDP must have a single SSRC")
    return int(texts.pop()) if texts else None


def _remarks(lines: list[str], media: list[str]) -> tuple[str, ...]:
    remarks = []
    if _values(lines, "setup") == ["passive"]:
        remarks.append("the business should be DTLS client (setup:active)")
    if not _values(lines, "fingerprint")[0].startswith("sha-256 "):
        remarks.append("the hash name should be written sha-256")
    if not any(" typ host" in value for value in _values(media, "candidate")):
        remarks.append("no host candidate")
    if not any("telephone-event/8000" in value for value in _values(media, "rtpmap")):
        remarks.append("no telephone-event/8000: the user's keypad is lost")
    return tuple(remarks)


def _values(lines: list[str], name: str) -> list[str]:
    prefix = f"a={name}:"
    return [line[len(prefix) :] for line in lines if line.startswith(prefix)]
