"""What git can clone, and what it would call a branch; the same for whoever types it."""

import pytest

from app.commands.choices import branch, repository
from app.commands.door import TurnedAway
from app.words.settings import LOGIN_IN_ADDRESS, NO_BRANCH, NO_REPOSITORY, PRIVATE_REPOSITORY


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/shop",
        "https://git.acme.example:8443/a/b.git",
        "https://140.82.121.4/a",
        "https://[2606:4700::1111]/a",
        "ssh://git@host.example/a/b",
        "ssh://host.example:2222/~ada/käse",
        "git@github.com:acme/shop.git",
        "git@host.example:/srv/git/a",
    ],
)
def test_what_git_can_clone_is_a_repository(address: str) -> None:
    assert repository(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "shop",
        "acme/shop",
        "ext::sh -c id",
        "--upload-pack=id",
        "-x@host:path",
        "git@-x:path",
        "git@host:-x",
        "ssh://-oProxyCommand=id/a",
        "ssh://-oProxyCommand=id@host/a",
        "ssh://host/-x",
        "https://host//-x",
        "file:///srv/git/a",
        "/srv/git/a",
        "http://host/a",
        "git://host/a",
        "https://host",
        "https://%6cocalhost/a",
        "https://\uff11\uff12\uff17.0.0.1/a",
        "ftp://host/a",
        "https://",
        "https:///a",
        "https://host:port/a",
        "https://[::1/a",
        "https://host/a b",
        "https://host/a?token=x",
        "https://host/\u202ea",
        "https://host/" + "a" * 300,
        "git:secret@host:a",
    ],
)
def test_what_git_cannot_clone_is_none(address: str) -> None:
    with pytest.raises(TurnedAway) as refusal:
        repository(address)

    assert str(refusal.value) == NO_REPOSITORY


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "git.localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0"),
        *("metadata.google.internal", "git.local", "127.0.0.1.", "224.0.0.1"),
        *("10.0.0.1", "192.168.1.2", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "010.0.0.1"),
    ],
)
@pytest.mark.parametrize("form", ["https://{}/a", "https://{}:8443/a", "ssh://git@{}/a", "git@{}:a"])
def test_what_only_the_computer_that_clones_it_reaches_is_for_no_person(form: str, host: str) -> None:
    with pytest.raises(TurnedAway) as refusal:
        repository(form.format(host))

    assert str(refusal.value) == PRIVATE_REPOSITORY


WITHIN = ["::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]  # an address of IPv4


@pytest.mark.parametrize("host", ["::1", "::", "fe80::1", "fd00::1", "ff02::1", *WITHIN])
def test_nor_is_it_by_the_longer_form_of_an_address(host: str) -> None:
    with pytest.raises(TurnedAway) as refusal:
        repository(f"https://[{host}]/a")

    assert str(refusal.value) == PRIVATE_REPOSITORY


@pytest.mark.parametrize(
    "address",
    [
        "https://alice:secret@host/a",
        "https://ghp_secret@github.com/a/b",
        "https://alice:s/ecret@host/a",
        "https://alice:s#ecret@host/a",
        "ssh://git:secret@host/a",
    ],
)
def test_a_password_in_an_address_is_turned_away_and_not_repeated(address: str) -> None:
    with pytest.raises(TurnedAway) as refusal:
        repository(address)

    assert str(refusal.value) == LOGIN_IN_ADDRESS


@pytest.mark.parametrize("name", ["main", "fix/login", "v1.2", "a-b_c", "käse", "feature/#12"])
def test_what_git_would_call_a_branch_is_one(name: str) -> None:
    assert branch(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("@", "-b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "[a", "a\\b", "/a", "a/", "a//b", "a.", ".a", "a/.b"),
        *("a.lock", "a.lock/b", "a@{1}", "", "a b", "a\u200b", "b" * 301),
    ],
)
def test_what_git_would_not_call_a_branch_is_none(name: str) -> None:
    with pytest.raises(TurnedAway) as refusal:
        branch(name)

    assert str(refusal.value) == NO_BRANCH
