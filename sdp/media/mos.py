"""How good a call sounds, estimated from what the network does to it. Pure.

The E-model of ITU-T G.107 with everything but the network at its defaults, as simplified in Cole
and Rosenbluth, "Voice over IP performance monitoring" (ACM CCR 31(2), 2001):

    R      = 93.2 - Id - Ie,eff                               (G.107 section 7.1: defaults give 93.2)
    Id     = 0.024 d + 0.11 (d - 177.3) H(d - 177.3)          d: one way from mouth to ear, in ms
    Ie,eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)                 (G.107 equation 7-29, random loss)
    MOS    = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6          (G.107 annex B)

It is an estimate: G.113 has no planning values for Opus, so its own impairment counts as none and
its robustness against loss as that of a codec with plain concealment. The scale is that of narrow
band telephony and ends at 4.41; that Opus is wide band gains nothing here.
"""

from __future__ import annotations

RATING = 93.2
IMPAIRMENT = 0.0  # Ie
ROBUSTNESS = 10.0  # Bpl, in percent: between G.711 without concealment (4.3) and with it (25.1)
#: One packet, and the look-ahead of Opus (RFC 6716 section 2: 6.5 ms at most).
CODEC_MS = 26.5
#: How much of the jitter a receiver's buffer holds back.
BUFFERED = 2.0
_KNEE_MS = 177.3


def estimate(loss_percent: float, jitter_ms: float, round_trip_ms: float | None) -> float:
    """Mean opinion score from 1 (bad) to 4.41.

    :param loss_percent: of the packets in the direction that is judged.
    :param round_trip_ms: None: not known, taken for 0.
    """
    rating = RATING - _delay(jitter_ms, round_trip_ms or 0.0) - _loss(loss_percent)
    return round(score(rating), 2)


def _delay(jitter_ms: float, round_trip_ms: float) -> float:
    delay = round_trip_ms / 2 + CODEC_MS + BUFFERED * jitter_ms
    return 0.024 * delay + 0.11 * max(delay - _KNEE_MS, 0.0)


def _loss(percent: float) -> float:
    return IMPAIRMENT + (95 - IMPAIRMENT) * percent / (percent + ROBUSTNESS)


def score(rating: float) -> float:
    """A rating R as a mean opinion score (G.107 annex B)."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    # between 0 and 6.5 the polynomial dips below 1
    return max(1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6, 1.0)
