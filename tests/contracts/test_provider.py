"""What every provider of machines does, whoever it is."""

import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import anyio
import pytest

from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.provider import (
    Absent,
    Condition,
    Gone,
    Link,
    Overdue,
    Program,
    Provider,
    Reserved,
    TooLarge,
    Unserved,
)
from app.turns.errors import Refused, Retriable
from tests.fakes.provider import FakeProvider
from tests.sandboxes.daytona_stage import provider_of, simulated

pytestmark = pytest.mark.anyio

LABELS = {"app": "opencord", "thread": "7"}
PORT = 4096


@asynccontextmanager
async def fake(root: Path) -> AsyncIterator[Provider]:
    yield FakeProvider()


@asynccontextmanager
async def local(root: Path) -> AsyncIterator[Provider]:
    yield LocalProvider(root, os.environ["PATH"], grace=1)


@asynccontextmanager
async def daytona(root: Path) -> AsyncIterator[Provider]:
    async with simulated(root) as cloud:
        yield provider_of(cloud)


@pytest.fixture(params=[local, fake, daytona])
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Provider]:
    async with request.param(tmp_path) as made:
        yield made
        await made.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def program(name: str = "server", port: int = PORT) -> Program:
    return Program(name, "exec sleep 300", {}, port)


async def test_a_created_instance_runs_under_its_name_and_labels(provider: Provider) -> None:
    instance = await provider.create("one", LABELS, within=10)

    assert (instance.name, instance.condition, dict(instance.labels)) == ("one", Condition.RUNNING, LABELS)


async def test_creating_a_name_again_gives_the_same_instance(provider: Provider) -> None:
    first = await provider.create("one", LABELS, within=10)

    second = await provider.create("one", {"app": "another"}, within=10)

    assert second == first
    assert list(await provider.list()) == [first]


async def test_creating_the_name_of_a_stopped_instance_starts_that_one(provider: Provider) -> None:
    first = await provider.create("one", LABELS, within=10)
    await provider.stop(first.ref)

    second = await provider.create("one", LABELS, within=10)

    assert second == first


async def test_an_instance_is_found_by_its_name(provider: Provider) -> None:
    created = await provider.create("one", LABELS, within=10)

    assert await provider.find("one") == created
    assert await provider.find("two") is None


async def test_the_list_has_running_and_stopped_instances_with_their_labels(provider: Provider) -> None:
    one = await provider.create("one", LABELS, within=10)
    two = await provider.create("two", LABELS, within=10)
    await provider.stop(two.ref)

    listed = {instance.name: instance for instance in await provider.list()}

    assert {name: instance.condition for name, instance in listed.items()} == {
        "one": Condition.RUNNING,
        "two": Condition.STOPPED,
    }
    assert (listed["one"].ref, dict(listed["two"].labels)) == (one.ref, LABELS)


async def test_starting_a_running_instance_leaves_its_programs_alone(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program())
    before = await provider.endpoint(ref, PORT)

    await provider.start(ref, within=10)

    assert await provider.endpoint(ref, PORT) == before


async def test_stopping_and_starting_change_the_condition_and_repeats_do_no_harm(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    conditions = []

    start = partial(provider.start, within=10)
    for act in (provider.stop, provider.stop, start, start):
        await act(ref)
        found = await provider.find("one")
        conditions.append(found and found.condition)

    assert conditions == [Condition.STOPPED, Condition.STOPPED, Condition.RUNNING, Condition.RUNNING]


async def test_a_deleted_instance_is_gone_and_deleting_it_again_does_no_harm(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    await provider.delete(ref)
    await provider.delete(ref)

    assert await provider.find("one") is None
    assert list(await provider.list()) == []


async def test_the_name_of_a_deleted_instance_is_free(provider: Provider) -> None:
    await provider.delete((await provider.create("one", LABELS, within=10)).ref)

    again = await provider.create("one", {"app": "another"}, within=10)

    assert (again.condition, dict(again.labels)) == (Condition.RUNNING, {"app": "another"})


async def test_a_command_says_what_it_said_and_how_it_ended(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    completed = await provider.exec(ref, "echo out; echo err >&2; exit 7", within=10)

    assert (completed.exit_code, completed.output) == (7, "out\nerr\n")


async def test_a_command_sees_its_variables(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    completed = await provider.exec(ref, "printenv COLOUR", env={"COLOUR": "a 'blue' $one"}, within=10)

    assert completed.output == "a 'blue' $one\n"


async def test_a_command_past_its_deadline_is_overdue(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    with pytest.raises(Overdue):
        await provider.exec(ref, "sleep 60", within=0.2)


@pytest.mark.parametrize("end", ["stop", "delete"])
async def test_nothing_runs_in_an_instance_that_is_stopped_or_gone(provider: Provider, end: str) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await getattr(provider, end)(ref)

    with pytest.raises(Retriable):
        await provider.exec(ref, "echo", within=10)
    with pytest.raises(Retriable):
        await provider.launch(ref, program())
    with pytest.raises(Retriable):
        await provider.endpoint(ref, PORT)


NAMES = [
    "plain.txt",
    "workspace/inbox/a.png",
    "Überblick — 図.png",
    'it\'s "quoted" $HOME `x` \\ 100%.md',
    "-rf",
    "a; b=c &d.bin",
    "two\nlines \r\n.txt",
]


@pytest.mark.parametrize("path", NAMES)
async def test_a_file_comes_back_as_it_was_put_there(provider: Provider, path: str) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    content = bytes(range(256)) * 300 + b"\r\n--boundary\r\n"

    await provider.upload(ref, path, content)

    assert await provider.download(ref, path, len(content)) == content


async def test_an_empty_file_is_a_file(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    await provider.upload(ref, "a/b/empty", b"")

    assert await provider.download(ref, "a/b/empty", 0) == b""


async def test_a_file_takes_the_place_of_the_one_before(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.upload(ref, "a.txt", b"a longer one")

    await provider.upload(ref, "a.txt", b"short")

    assert await provider.download(ref, "a.txt", 100) == b"short"


@pytest.mark.parametrize("path", ["nowhere.txt", "no/folder/either.txt", "a.txt/below", "folder"])
async def test_what_is_no_file_is_told_as_absent(provider: Provider, path: str) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.upload(ref, "a.txt", b"")
    await provider.upload(ref, "folder/b.txt", b"")

    with pytest.raises(Absent, match=f"the file {path.rpartition('/')[2]}"):
        await provider.download(ref, path, 100)


async def test_a_file_larger_than_what_may_be_read_is_told(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.upload(ref, "folder/a.txt", b"x" * 101)

    with pytest.raises(TooLarge, match=r"the file a\.txt: it is larger than 100 bytes") as told:
        await provider.download(ref, "folder/a.txt", 100)

    assert "folder" not in told.value.tell


async def test_files_outlive_a_stop(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.upload(ref, "a.txt", b"kept")

    await provider.stop(ref)
    await provider.start(ref, within=10)

    assert await provider.download(ref, "a.txt", 100) == b"kept"


@pytest.mark.parametrize("end", ["stop", "delete"])
async def test_no_file_gets_into_an_instance_that_is_stopped_or_gone(provider: Provider, end: str) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.upload(ref, "a.txt", b"")
    await getattr(provider, end)(ref)

    with pytest.raises(Retriable):
        await provider.upload(ref, "a.txt", b"")
    with pytest.raises(Retriable):
        await provider.download(ref, "a.txt", 100)


async def test_starting_an_instance_that_is_gone_says_so(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.delete(ref)

    with pytest.raises(Gone):
        await provider.start(ref, within=10)


async def test_only_a_port_that_something_was_launched_on_has_an_endpoint(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program())

    endpoint = await provider.endpoint(ref, PORT)

    assert endpoint.url.startswith(("http://", "https://"))
    assert not endpoint.url.endswith("/")
    with pytest.raises(Retriable):
        await provider.endpoint(ref, PORT + 1)


async def test_programs_do_not_outlive_a_stop(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program())

    await provider.stop(ref)
    await provider.start(ref, within=10)

    with pytest.raises(Retriable):
        await provider.endpoint(ref, PORT)


async def test_a_program_takes_the_place_of_the_one_of_its_name(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program(port=PORT))

    await provider.launch(ref, program(port=PORT + 1))

    await provider.endpoint(ref, PORT + 1)
    with pytest.raises(Retriable):
        await provider.endpoint(ref, PORT)


def site(port: int) -> Program:
    """A server of the thread's own, wherever its program may think that it listens."""
    return Program("site", f"exec '{sys.executable}' -m http.server {port} --bind 127.0.0.1", {}, port)


async def until_served(provider: Provider, ref: str, port: int) -> Link:
    with anyio.fail_after(10):
        while True:
            with suppress(Unserved):
                return await provider.preview(ref, port, 60)
            await anyio.sleep(0.05)


async def test_a_port_where_something_listens_has_a_link_for_a_browser(provider: Provider) -> None:
    ref, port = (await provider.create("one", LABELS, within=10)).ref, free_port()
    await provider.launch(ref, site(port))

    link = await until_served(provider, ref, port)

    assert link.url.startswith(("http://", "https://"))
    assert link.is_local == (provider.name == "local")
    assert link.url not in repr(link)


async def test_a_port_where_nothing_listens_has_none(provider: Provider) -> None:
    ref, port = (await provider.create("one", LABELS, within=10)).ref, free_port()

    with pytest.raises(Unserved, match=f"Nothing listens on port {port}"):
        await provider.preview(ref, port, 60)


async def test_the_port_of_opencode_has_none_whatever_listens_there(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program())

    with pytest.raises(Reserved):
        await provider.preview(ref, PORT, 60)


async def test_a_shell_is_granted_for_a_while_or_refused_in_words(provider: Provider) -> None:
    ref, now = (await provider.create("one", LABELS, within=10)).ref, time.time()

    if provider.name == "local":
        with pytest.raises(Refused, match="no ssh here"):
            await provider.ssh(ref, 10)
        return
    access = await provider.ssh(ref, 10)

    assert access.command.startswith("ssh ")
    assert access.command not in repr(access)
    assert access.until == (1_600.0 if provider.name == "fake" else pytest.approx(now + 600, abs=10))


@pytest.mark.parametrize("end", ["stop", "delete"])
async def test_there_is_no_way_into_an_instance_that_is_stopped_or_gone(provider: Provider, end: str) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await getattr(provider, end)(ref)

    with pytest.raises(Retriable):
        await provider.preview(ref, free_port(), 60)


async def test_touching_a_running_instance_leaves_it_as_it_is(provider: Provider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    await provider.launch(ref, program())
    before = await provider.endpoint(ref, PORT)

    await provider.touch(ref)

    assert await provider.endpoint(ref, PORT) == before


async def test_closing_twice_does_no_harm(provider: Provider) -> None:
    await provider.create("one", LABELS, within=10)

    await provider.close()

    await provider.close()
