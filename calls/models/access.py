"""Who may use the REST API: tokens, of which we only keep a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Self

from django.db import models

PREFIX_LENGTH = 8


class ApiToken(models.Model):
    """A bearer token `prefix.secret`. 256 bits of randomness, so a fast hash is enough."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"

    @classmethod
    def issue(cls, *, name: str, now: datetime) -> tuple[Self, str]:
        """Create a token; return its row and its text, which is shown only this once."""
        prefix = secrets.token_hex(PREFIX_LENGTH // 2)
        text = f"{prefix}.{secrets.token_urlsafe(32)}"
        return cls.objects.create(
            name=name, prefix=prefix, digest=cls.digest_of(text), created_at=now
        ), text

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()


class IdempotentRequest(models.Model):
    """A request that a client may repeat: its `Idempotency-Key`, and what it has made."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="idempotent_requests")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of address and body
    made = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "key"], name="idempotentrequest_once")
        ]

    def __str__(self) -> str:
        return self.key
