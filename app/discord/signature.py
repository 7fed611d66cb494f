"""Ed25519 signatures over timestamp and raw body: how Discord signs what it sends us, and how the scheduler signs what
it relays.

Discord probes an endpoint with bad signatures, at registration and ever after, and removes one that accepts them or
fails over them: so `verify` answers False to everything that is not a good signature, however malformed. It says
nothing about freshness: the caller who wants a window compares the timestamp.

https://docs.discord.com/developers/interactions/overview#validating-security-request-headers
"""

from binascii import hexlify, unhexlify

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

SIGNATURE_HEADER = "X-Signature-Ed25519"
TIMESTAMP_HEADER = "X-Signature-Timestamp"


def verify(public_key_hex: str, signature_hex: str | None, timestamp: str | None, body: bytes) -> bool:
    """Never raises. None stands for a header that was not sent; `body` must be the bytes as they came."""
    if not signature_hex or not timestamp:
        return False
    try:
        message = timestamp.encode("ascii") + body
        # bytes.fromhex would let spaces pass.
        VerifyKey(unhexlify(public_key_hex)).verify(message, unhexlify(signature_hex))
    except (CryptoError, ValueError, TypeError):
        return False
    return True


def sign(seed: bytes, timestamp: str, body: bytes) -> str:
    """The signature in hex. `seed` is the 32 bytes that make the key pair; raises ValueError without quoting them."""
    return hexlify(_signing_key(seed).sign(timestamp.encode("ascii") + body).signature).decode()


def public_key(seed: bytes) -> str:
    """The public half of the pair, in hex: what `verify` takes."""
    return hexlify(bytes(_signing_key(seed).verify_key)).decode()


def _signing_key(seed: bytes) -> SigningKey:
    try:
        return SigningKey(seed)
    except (CryptoError, ValueError, TypeError):
        raise ValueError("a signing key has 32 bytes") from None
