"""The report of a call, as the control API shows it."""

from pathlib import Path
from typing import TypedDict

from simulator import sound
from simulator.ear import read_wav
from simulator.journal import RequestEntry, TimelineEntry
from simulator.leg import Leg
from simulator.voice import RATE, Samples


class Timings(TypedDict):
    """Milliseconds since the offer was sent, by webhook or by `connect`; None: has not happened.

    `answer_sent`, `ringing` and `picked_up` are those of calls which the business makes.
    """

    webhook_acked: float | None
    pre_accept: float | None
    accept: float | None
    answer_sent: float | None
    ringing: float | None
    picked_up: float | None
    ice_connected: float | None
    dtls_connected: float | None
    first_packet: float | None
    first_sound: float | None


class Heard(TypedDict):
    """What the user heard from accept on. Levels in dBFS (RMS)."""

    packets: int
    lost: int
    late: int
    undecodable: int
    off_step: int
    early_packets: int
    rtcp_packets: int
    largest_gap: float
    seconds: float
    wav: str | None
    loudest_dbfs: float
    loudness: list[float]
    dominant_frequency: float | None
    tones: dict[str, float]


class Spoken(TypedDict):
    """What the user sent."""

    packets: int
    dropped: int
    digits: str


class CallReport(TypedDict):
    """Everything about one call."""

    id: str
    state: str
    direction: str
    user: dict[str, str | None]
    phone_number_id: str
    start_time: int | None
    end_time: int | None
    duration: int | None
    end_reason: str | None
    timeline: list[TimelineEntry]
    violations: list[str]
    accepts: int
    requests: list[RequestEntry]
    timings_ms: Timings
    peer_open: bool
    heard: Heard
    spoken: Spoken
    sdp_offer: str
    sdp_answer: str | None


def report(
    call: Leg,
    wav: Path | None = None,
    tones: tuple[int, ...] = (),
    span: tuple[float, float | None] = (0.0, None),
) -> CallReport:
    """Describe a call.

    :param wav: where the sound of an ended call was written.
    :param tones: frequencies to measure besides those of the plan.
    :param span: seconds since accept between which sound is measured.
    """
    return {
        "id": call.id,
        "state": str(call.state),
        "direction": call.direction,
        "user": {
            "wa_id": call.user.wa_id,
            "name": call.user.name,
            "user_id": call.user.user_id,
            "username": call.user.username,
        },
        "phone_number_id": call.number.phone_number_id,
        "start_time": call.start_time,
        "end_time": call.end_time,
        "duration": _duration(call),
        "end_reason": call.end_reason,
        "timeline": call.journal.timeline(),
        "violations": list(call.journal.violations),
        "accepts": call.journal.accepts(),
        "requests": call.journal.requests(),
        "timings_ms": _timings(call),
        "peer_open": call.peer_open,
        "heard": _heard(call, wav, (*call.plan.listen_for, *tones), span),
        "spoken": _spoken(call),
        "sdp_offer": call.sdp_offer,
        "sdp_answer": call.sdp_answer,
    }


def _duration(call: Leg) -> int | None:
    if call.start_time is None or call.end_time is None:
        return None
    return call.end_time - call.start_time


def _timings(call: Leg) -> Timings:
    ms = call.journal.milliseconds
    return {
        "webhook_acked": ms("webhook_acked"),
        "pre_accept": ms("pre_accept"),
        "accept": ms("accept"),
        "answer_sent": ms("answer_sent"),
        "ringing": ms("ringing"),
        "picked_up": ms("picked_up"),
        "ice_connected": ms("ice_connected"),
        "dtls_connected": ms("dtls_connected"),
        "first_packet": ms("first_packet"),
        "first_sound": ms("first_sound"),
    }


def _heard(
    call: Leg, wav: Path | None, tones: tuple[int, ...], span: tuple[float, float | None]
) -> Heard:
    ear = call.reception.ear
    whole = read_wav(wav) if wav is not None else ear.samples()
    samples = _cut(whole, span)
    frequency = sound.dominant_frequency(samples)
    return {
        "packets": ear.packets,
        "lost": ear.lost,
        "late": ear.late,
        "undecodable": ear.undecodable,
        "off_step": ear.off_step,
        "early_packets": call.reception.early_packets,
        "rtcp_packets": call.reception.rtcp_packets,
        "largest_gap": round(ear.largest_gap, 4),
        "seconds": round(len(whole) / RATE, 3),
        "wav": str(wav) if wav is not None else None,
        "loudest_dbfs": round(sound.loudest(samples), 1),
        "loudness": sound.loudness_per_second(samples),
        "dominant_frequency": None if frequency is None else round(frequency, 1),
        "tones": {str(hz): round(sound.tone_level(samples, hz), 1) for hz in dict.fromkeys(tones)},
    }


def _cut(samples: Samples, span: tuple[float, float | None]) -> Samples:
    end = len(samples) if span[1] is None else int(span[1] * RATE)
    return samples[int(span[0] * RATE) : end]


def _spoken(call: Leg) -> Spoken:
    speaker = call.peer.speaker
    if speaker is None:
        return {"packets": 0, "dropped": 0, "digits": ""}
    return {
        "packets": speaker.packets,
        "dropped": speaker.dropped,
        "digits": speaker.digits_sent,
    }
