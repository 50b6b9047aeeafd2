"""Whether a delivery comes from who knows the secret, by each sender's own scheme.

========== ========================================================================================================
github     ``X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>``; anything that signs like GitHub as well
pagerduty  ``X-PagerDuty-Signature: v1=<hex HMAC-SHA256 of the body>``, several joined by commas while keys rotate
opsgenie   signs nothing: HTTP basic authentication, a header of the user's choice, or ``Authorization: Bearer``
records    as GitHub; or Standard Webhooks (``webhook-id``, ``-timestamp``, ``-signature``), which signs id and time too
========== ========================================================================================================

Owns these rules; every comparison takes the same time whatever is compared. Refuses to know HTTP and the spool.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_STANDARD_KEY = "whsec_"


@dataclass(frozen=True)
class Proof:
    """How a receiver's senders prove who they are.

    Args:
        scheme: The receiver's type.
        secrets: Every secret that is valid now: two while one replaces the other.
        user: User of HTTP basic authentication, where the sender signs nothing.
        header: Header that carries the secret, where the sender signs nothing.
        tolerance_seconds: How far a signed time may be off.
    """

    scheme: str
    secrets: Sequence[str]
    user: str = ""
    header: str = ""
    tolerance_seconds: int = 300

    @property
    def needs_body(self) -> bool:
        """Whether the proof covers the body, so that it can be checked only once the body is there."""
        return self.scheme != "opsgenie"

    def holds(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Return whether a delivery is proven; header names are lower case, ``body`` is as it was sent."""
        if self.scheme == "opsgenie":
            return self._is_told_secret(headers)
        if self.scheme == "pagerduty":
            given = [one.strip() for one in headers.get("x-pagerduty-signature", "").split(",")]
            return self._signs(given, body, "v1=")
        if self.scheme == "records" and "webhook-signature" in headers:
            return self._signs_standard(headers, body, now)
        return self._signs([headers.get("x-hub-signature-256", "")], body, "sha256=")

    def leaks(self, headers: Iterable[str], body: bytes) -> bool:
        """Return whether a secret stands where it would be stored: in the body, or in a header's value that is kept."""
        told = "\n".join(headers)
        return any(secret.encode() in body or secret in told for secret in self.secrets)

    def _signs(self, given: Sequence[str], body: bytes, prefix: str) -> bool:
        wanted = [prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in self.secrets]
        return _any_equal(given, wanted)

    def _signs_standard(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Check the scheme of standardwebhooks.com: id, time and body are signed, and the time must be near ours."""
        stamp = headers.get("webhook-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return False
        if abs(now.timestamp() - int(stamp)) > self.tolerance_seconds:
            return False
        signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
        digests = [hmac.new(_standard_key(secret), signed, hashlib.sha256).digest() for secret in self.secrets]
        wanted = ["v1," + base64.b64encode(digest).decode() for digest in digests]
        return _any_equal(headers["webhook-signature"].split(" "), wanted)

    def _is_told_secret(self, headers: Mapping[str, str]) -> bool:
        if self.user:
            pairs = [base64.b64encode(f"{self.user}:{secret}".encode()).decode() for secret in self.secrets]
            return _any_equal([headers.get("authorization", "")], [f"Basic {pair}" for pair in pairs])
        if self.header and self.header.lower() != "authorization":
            return _any_equal([headers.get(self.header.lower(), "")], self.secrets)
        return _any_equal([headers.get("authorization", "")], [f"Bearer {secret}" for secret in self.secrets])


def _any_equal(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Compare all with all, without stopping at the first that fits: the time tells nothing."""
    found = False
    for one in given:
        for other in wanted:
            found |= hmac.compare_digest(one.encode(), other.encode())
    return found


def _standard_key(secret: str) -> bytes:
    """Return the key in a Standard Webhooks secret: Base64 after ``whsec_``, any other text as it is."""
    if not secret.startswith(_STANDARD_KEY):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_KEY), validate=True)
    except binascii.Error:
        return secret.encode()
