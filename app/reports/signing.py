"""Ed25519 keys, and in-toto statements in signed DSSE envelopes.

Owns key files and envelopes. Refuses to know what a statement says, and never takes a key from what it verifies.

A signature proves that whoever held the private key signed this statement, and that not one byte it covers changed
since. It does not prove when that was, nor that what was signed is true.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SigningLibraryError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # re-exported, undeclared

from models.errors import InputError, VerificationError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:twotrack:evidence-pack:v1"
_OWNER_ONLY = 0o600
_PUBLIC = "give the file ending in .pub that twotrack keygen wrote beside the private key"


@dataclass(frozen=True)
class KeyFiles:
    """Where a new key pair was written, and the public key's fingerprint (SHA-256 of its DER form, hex)."""

    private: Path
    public: Path
    fingerprint: str


def generate(path: Path, passphrase: str | None = None) -> KeyFiles:
    """Write a new key pair: the private key at ``path``, readable by its owner only, the public key at ``path``.pub.

    Raises:
        InputError: A file is already there; keys are never overwritten.
    """
    private = Ed25519PrivateKey.generate()
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    public = path.with_name(path.name + ".pub")
    for file in (path, public):
        if file.exists():
            raise InputError(
                "There is a file already; a key is never overwritten.", where=str(file), kept="nothing was written",
                next_step="choose another name with --out",
            )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, pem, _OWNER_ONLY)
    _write(public, _public_pem(private.public_key()), 0o644)
    return KeyFiles(path, public, fingerprint(private.public_key()))


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of a public key's DER form as 64 hex digits."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def load_private(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        InputError: Others may read the file, it is no Ed25519 key, or its passphrase is missing or wrong.
    """
    pem = _read(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InputError(
            "Others on this machine may read the private key.", where=str(path), kept="nothing was signed",
            next_step=f"chmod 600 {path}",
        )  # fmt: skip
    try:
        key = serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError as error:
        needs = "needs a passphrase" if passphrase is None else "has no passphrase, but one was given"
        raise InputError(
            f"The private key {needs}.", where=str(path), next_step="--passphrase env:NAME, or leave it out"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            "The private key cannot be read; is the passphrase right?", where=str(path), kept="nothing was written",
            next_step="give the passphrase with --passphrase or --ask-passphrase, or another file with --key",
        ) from error  # fmt: skip
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("The private key is not an Ed25519 key.", where=str(path), next_step="twotrack keygen")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Read a public key; raises ``InputError`` when it is none of Ed25519, or a private key was given."""
    pem = _read(path)
    if b"PRIVATE KEY" in pem:
        raise InputError(
            "This is a private key; a check needs the public one only.", where=str(path), next_step=f"--key {path}.pub"
        )
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError("The public key cannot be read.", where=str(path), next_step=_PUBLIC) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError("The public key is not an Ed25519 key.", where=str(path), next_step=_PUBLIC)
    return key


def sign(statement: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """Return a statement in a signed envelope, as canonical JSON; the same statement and key give the same bytes."""
    envelope = Envelope(rfc8785.dumps(statement), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key))
    return rfc8785.dumps(envelope.to_dict()) + b"\n"


def opened(envelope: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """Return the statement of an envelope that was signed with the given key.

    Raises:
        VerificationError: It was not, it was changed since, or it is no envelope of a statement.
    """
    read = _envelope(envelope)
    if read.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"its payload is {read.payload_type!r}, not an in-toto statement")
    if len(read.signatures) != 1:
        # One that is not checked would still look like somebody's word.
        raise VerificationError(f"it carries {len(read.signatures)} signatures; a pack's statement has one")
    given = SSlibKey.from_crypto(key)
    if given.keyid not in read.signatures:
        raise VerificationError(f"it was not signed with the key given (fingerprint {fingerprint(key)[:16]}…)")
    try:
        read.verify([given], threshold=1)
    except (SigningLibraryError, ValueError) as error:
        raise VerificationError("its signature does not fit its content") from error
    return statement_of(read.payload)


def unverified(envelope: bytes) -> dict[str, Any]:
    """Return an envelope's statement without checking who signed it; raises ``VerificationError`` when it is none."""
    return statement_of(_envelope(envelope).payload)


def _envelope(text: bytes) -> Envelope:
    try:
        read = json.loads(text, object_pairs_hook=_once)
        if unknown := sorted(read.keys() - {"payload", "payloadType", "signatures"}):
            raise VerificationError(f"it carries {unknown[0]!r}, which no envelope has")
        return Envelope.from_dict(read)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SigningLibraryError) as error:
        raise VerificationError(f"it is no DSSE envelope ({type(error).__name__})") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; one that names a key twice has two readings and is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def statement_of(payload: bytes) -> dict[str, Any]:
    """Return a payload as an in-toto statement about a pack; raises ``VerificationError`` when it is none."""
    try:
        statement = json.loads(payload, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise VerificationError("its payload is not JSON of one reading") from error
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise VerificationError("its payload is not an in-toto statement")
    return statement


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The key cannot be read: {error.strerror}.",
            where=str(path),
            kept="nothing was written",
            next_step="check the path given with --key, and that you may read the file",
        ) from error


def _write(path: Path, content: bytes, mode: int) -> None:
    # Created with its mode, never first readable and then narrowed; never through a link that waits there.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
