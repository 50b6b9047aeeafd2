"""Following a pack to the one before it, and so on to the first.

Owns how packs hang together: each names the one before and the digest of its tag manifest, inside what is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.reports import bag, checks, container, signing
from app.reports.checks import Check
from app.reports.container import Opened
from models.errors import InputError, VerificationError

NONE = "none"
LONGEST = 400


def follow(pack: Opened, key: Ed25519PublicKey | None, previous: Path | None = None) -> Iterator[Check]:
    """Yield one line per pack before this one, newest first.

    Of each, name, digest, signature and every file are checked; its results are not computed again, for that it is
    verified by itself.
    """
    seen = {pack.name}
    place = pack.given
    listed = bag.read(pack.folder)
    for _ in range(LONGEST):
        name, digest = listed.info.get("Twotrack-Previous", NONE), listed.info.get("Twotrack-Previous-Digest", NONE)
        if name == NONE:
            first = "this is the first pack of its chain" if len(seen) == 1 else "the chain ends at its first pack"
            yield Check("chain", "holds", first)
            return
        if name in seen:
            yield Check("chain", "fails", f"{name} comes again: the chain goes in a circle")
            return
        seen.add(name)
        where = previous or _beside(place, name)
        previous = None
        found: list[bag.Listed] = []
        result = checks.check(f"chain: {name}", lambda w=where, n=name, d=digest, f=found: _hold(w, n, d, key, f))  # type: ignore[misc]  # bound now
        yield result
        if result.state == "fails" or not found:
            return
        listed, place = found[0], where or place
    yield Check("chain", "fails", f"it is longer than {LONGEST} packs")


def _beside(place: Path, name: str) -> Path | None:
    if not bag.is_inside(name) or "/" in name:
        return None
    candidates = (place.resolve().with_name(name), place.resolve().with_name(name + ".zip"))
    return next((path for path in candidates if path.exists()), None)


def _hold(where: Path | None, name: str, digest: str, key: Ed25519PublicKey | None, found: list[bag.Listed]) -> str:
    if where is None:
        raise VerificationError(
            "it is not here; give it with --previous, or leave the chain out with --without-previous"
        )
    try:
        with container.opened(where) as pack:
            if pack.name != name:
                raise VerificationError(f"{where.name} holds {pack.name}")
            listed = bag.read(pack.folder)
            if bag.digest(pack.folder / bag.TAG_MANIFEST) != digest:
                raise VerificationError("its tag manifest is not the one this chain was made with")
            checks.files_listed(pack, listed)
            checks.digests(pack, listed.tags)
            checks.digests(pack, listed.payload)
            if key is not None:
                if pack.envelope is None:
                    raise VerificationError("it is not signed")
                checks.signed_digest(pack, signing.opened(pack.envelope, key))
            found.append(listed)
    except InputError as error:
        raise VerificationError(error.what) from error
    return "same digest, " + ("same signer, " if key else "") + "every file as listed"
