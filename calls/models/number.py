"""A business phone number on WhatsApp, with its credentials and its answer policy."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from calls.domain.vocabulary import AnswerPolicy
from calls.domain.wanted import ANNOUNCEMENT_LANGUAGES
from calls.encryption import EncryptedTextField

#: Later than this nothing is left of the answer window (Meta may give up after 30 s).
MAX_RING_SECONDS = 24
MAX_RING_LOOPS = 100


class PhoneNumber(models.Model):
    """One of our numbers. `app` names the Meta app whose secret signs its webhooks."""

    wa_phone_number_id = models.CharField(
        "phone number id", max_length=64, unique=True, help_text="Meta's id, not the number itself"
    )
    app = models.CharField(
        max_length=64,
        default="default",
        help_text="the Meta app whose secret signs this number's webhooks",
    )
    waba_id = models.CharField("WhatsApp business account", max_length=64, blank=True)
    display_phone_number = models.CharField(max_length=32, blank=True)
    label = models.CharField(max_length=100, blank=True)
    access_token = EncryptedTextField(
        blank=True, validators=[RegexValidator(r"\A[!-~]*\Z", "A token has no spaces.")]
    )

    answer_policy = models.CharField(
        max_length=16,
        choices=[(p.value, p.value) for p in AnswerPolicy],
        default=AnswerPolicy.ANSWER,
    )
    ring_seconds = models.PositiveSmallIntegerField(
        default=15,
        validators=[MaxValueValidator(MAX_RING_SECONDS)],
        help_text="policy `ring`: accept after this many seconds",
    )
    ring_prompt = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="policy `ring`: ring as long as this prompt lasts, instead of the seconds above. "
        "Nobody hears it: WhatsApp plays its own ringing tone until we accept",
    )
    ring_loops = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_RING_LOOPS)],
        help_text="policy `ring`: so many times the ring prompt; at most the answer window",
    )
    #: The length of `ring_prompt` as a media worker told it; None: not known (yet).
    ring_prompt_ms = models.PositiveIntegerField(null=True, editable=False)
    greeting = models.CharField(
        max_length=200,
        default="greeting",
        blank=True,
        help_text="the prompt played first: a built-in name or a file in DATA_DIR/prompts",
    )
    record_calls = models.BooleanField(
        default=False, help_text="record both directions; tell your callers where the law asks so"
    )
    #: Meta's own recording and transcript of the calls that we accept; empty: none. Meta tells the
    #: user what for, in this language.
    meta_recording_purpose = models.CharField(max_length=250, blank=True, default="", db_default="")
    meta_transcription_purpose = models.CharField(
        max_length=250, blank=True, default="", db_default=""
    )
    meta_announcement_language = models.CharField(
        max_length=8,
        default="en",
        db_default="en",
        choices=[(word, word) for word in sorted(ANNOUNCEMENT_LANGUAGES)],
    )
    created_at = models.DateTimeField()

    #: Meta has paused the calls that we make (webhook account_update, settings, 138014).
    calling_restricted_at = models.DateTimeField(null=True, editable=False)
    calling_restricted_until = models.DateTimeField(null=True, editable=False)
    #: Graph refused the token (190): nothing is sent until it is replaced or tried again.
    token_refused_at = models.DateTimeField(null=True, editable=False)
    token_probe_at = models.DateTimeField(null=True, editable=False)  # when it is tried again
    #: How full Meta's fullest limit was, in percent, and until when what can wait has to.
    graph_usage_percent = models.PositiveSmallIntegerField(null=True, editable=False)
    graph_usage_at = models.DateTimeField(null=True, editable=False)
    graph_paused_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="phonenumber_answer_policy_known",
                condition=models.Q(answer_policy__in=list(AnswerPolicy)),
            ),
            models.CheckConstraint(
                name="phonenumber_id_not_empty", condition=~models.Q(wa_phone_number_id="")
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.display_phone_number or self.wa_phone_number_id

    @property
    def meta_recording(self) -> dict[str, str]:
        """Purpose and announcement_language for Meta; empty: not wanted."""
        return self._announced(self.meta_recording_purpose)

    @property
    def meta_transcription(self) -> dict[str, str]:
        """As `meta_recording`."""
        return self._announced(self.meta_transcription_purpose)

    def _announced(self, purpose: str) -> dict[str, str]:
        language = self.meta_announcement_language
        return {"purpose": purpose, "announcement_language": language} if purpose else {}

    @property
    def ring_time(self) -> timedelta:
        """How long policy `ring` lets it ring; the answer window may leave less."""
        if self.ring_prompt and self.ring_prompt_ms is not None:
            return timedelta(milliseconds=self.ring_prompt_ms * self.ring_loops)
        return timedelta(seconds=self.ring_seconds)
