"""What runs how often."""

import asyncio

import pytest

from scheduler.jobs import JOBS, Job, Mode, jobs_for, paced, ticking

pytestmark = pytest.mark.anyio


class Work:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.news = asyncio.Condition()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, name: str) -> None:
        async with self.news:
            self.asked.append(name)
            self.news.notify_all()
        try:
            await self.may_end.wait()
        finally:
            self.ended.append(name)

    async def wait_for(self, count: int, name: str) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: self.asked.count(name) >= count)


def test_every_job_has_its_interval_and_they_never_come_at_the_same_second() -> None:
    seconds = {job.name: job.every for job in JOBS}
    due = [second for job in JOBS for second in range(int(job.first), 3_600, int(job.every))]

    assert seconds == {
        "pause-idle": 30, "destroy-expired": 60, "reconcile": 60, "recover-turns": 30, "prune": 3_600,
    }  # fmt: skip
    assert len(due) == len(set(due))
    assert all(job.first <= 30 for job in JOBS)


@pytest.mark.parametrize(("mode", "every", "first"), [("poll", 15.0, 2), ("gateway", 900.0, 60)])
def test_messages_are_looked_for_as_often_as_there_is_no_other_way_to_hear_of_them(
    mode: Mode, every: float, first: float
) -> None:
    *others, catch_up = jobs_for(mode)

    assert tuple(others) == JOBS
    assert catch_up == Job("catch-up", every, first)


def test_where_messages_are_not_wanted_nobody_looks_for_them() -> None:
    assert jobs_for("off") == JOBS


def test_all_of_them_can_be_given_another_pace() -> None:
    quick = paced(JOBS, 0.5)

    assert [job.name for job in quick] == [job.name for job in JOBS]
    assert {job.every for job in quick} == {0.5}
    assert [job.first for job in quick] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


async def test_each_job_is_asked_for_again_and_again() -> None:
    work = Work()

    async with ticking([Job("a", 0.02, 0.0), Job("b", 0.03, 0.01)], work):
        await work.wait_for(3, "a")
        await work.wait_for(3, "b")

    assert work.asked[0] == "a"


async def test_the_first_tick_comes_when_the_table_says() -> None:
    work = Work()

    async with ticking([Job("soon", 60, 0.01), Job("later", 60, 0.1)], work):
        await work.wait_for(1, "later")

    assert work.asked == ["soon", "later"]


async def test_a_job_that_is_at_work_is_not_asked_for_again_and_the_others_are() -> None:
    work = Work()
    work.may_end.clear()

    async with ticking([Job("slow", 0.01, 0.0)], work):
        await work.wait_for(1, "slow")
        async with ticking([Job("other", 0.01, 0.05)], work):
            await work.wait_for(1, "other")

    assert work.asked == ["slow", "other"]


async def test_when_it_ends_whatever_is_at_work_has_ended_and_nothing_more_comes() -> None:
    work = Work()
    work.may_end.clear()

    async with ticking([Job("a", 0.01, 0.0), Job("b", 0.01, 0.0)], work):
        await work.wait_for(1, "a")
        await work.wait_for(1, "b")

    assert sorted(work.ended) == ["a", "b"]
    await asyncio.sleep(0.05)  # nothing to wait for: that nothing comes is the point
    assert sorted(work.asked) == ["a", "b"]
