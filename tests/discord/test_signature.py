"""Whose signature is good, and that nothing malformed passes or raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discord.signature import public_key, sign, verify

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
OTHER = bytes([0x11] * 32)
KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032, section 7.1, test 1
STAMP = "1790000000"
BODY = b'{"type":1}'
GOOD = sign(SEED, STAMP, BODY)


def test_the_key_pair_is_that_of_the_standard() -> None:
    assert public_key(SEED) == KEY


def test_a_good_signature_passes() -> None:
    assert verify(KEY, GOOD, STAMP, BODY)


def test_a_good_signature_in_capitals_passes() -> None:
    assert verify(KEY.upper(), GOOD.upper(), STAMP, BODY)


@pytest.mark.parametrize(
    ("key", "signature", "stamp", "body"),
    [
        pytest.param(KEY, GOOD, STAMP, BODY + b" ", id="another body"),
        pytest.param(KEY, GOOD, "1790000001", BODY, id="another time"),
        pytest.param(KEY, GOOD, STAMP[:-1], STAMP[-1].encode() + BODY[:-1], id="the parts shifted and cut"),
        pytest.param(public_key(OTHER), GOOD, STAMP, BODY, id="another key"),
        pytest.param(KEY, sign(OTHER, STAMP, BODY), STAMP, BODY, id="another signer"),
        pytest.param(KEY, None, STAMP, BODY, id="no signature"),
        pytest.param(KEY, "", STAMP, BODY, id="an empty signature"),
        pytest.param(KEY, GOOD, None, BODY, id="no time"),
        pytest.param(KEY, GOOD, "", BODY, id="an empty time"),
        pytest.param(KEY, GOOD, "१७९", BODY, id="a time that is not ASCII"),
        pytest.param(KEY, GOOD[:-2], STAMP, BODY, id="a short signature"),
        pytest.param(KEY, GOOD + "00", STAMP, BODY, id="a long signature"),
        pytest.param(KEY, GOOD[:-1], STAMP, BODY, id="half a byte"),
        pytest.param(KEY, "zz" * 64, STAMP, BODY, id="not hex"),
        pytest.param(KEY, "é" * 128, STAMP, BODY, id="not ASCII"),
        pytest.param(KEY, f"{GOOD[:64]} {GOOD[64:]}", STAMP, BODY, id="a space in it"),
        pytest.param(KEY, f"{GOOD}\n", STAMP, BODY, id="a newline after it"),
        pytest.param(KEY, "00" * 64, STAMP, BODY, id="zeros"),
        pytest.param("", GOOD, STAMP, BODY, id="no key"),
        pytest.param("00" * 32, "00" * 64, STAMP, BODY, id="the zero key"),
        pytest.param("xyz", GOOD, STAMP, BODY, id="a key that is not hex"),
        pytest.param(KEY[:-2], GOOD, STAMP, BODY, id="a short key"),
    ],
)
def test_everything_else_does_not(key: str, signature: str | None, stamp: str | None, body: bytes) -> None:
    assert not verify(key, signature, stamp, body)


@given(st.text(), st.text(), st.text(), st.binary())
def test_nothing_makes_it_raise(key: str, signature: str, stamp: str, body: bytes) -> None:
    assert not verify(key, signature, stamp, body)


@given(st.binary(max_size=300), st.integers(0, 4_000_000_000))
def test_what_was_signed_is_verified(body: bytes, seconds: int) -> None:
    assert verify(KEY, sign(SEED, str(seconds), body), str(seconds), body)


@pytest.mark.parametrize("seed", [b"", b"secret", b"1" * 31, b"1" * 33])
def test_a_bad_seed_is_refused_without_being_quoted(seed: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a signing key has 32 bytes$"):
        sign(seed, STAMP, BODY)
