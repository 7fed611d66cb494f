"""The book of rate limits, with time as an argument."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discord.buckets import Book, Route, retry_after

POST = Route.to("POST", "/channels/{channel}/messages", channel="1")
ELSEWHERE = Route.to("POST", "/channels/{channel}/messages", channel="2")
EDIT = Route.to("PATCH", "/channels/{channel}/messages/{message}", channel="1", message="9")
HOOK = Route.to("PATCH", "/webhooks/{application}/{token}/messages/@original", application="7", token="s3cret")


def said(bucket: str = "abc", remaining: object = 0, reset_after: object = 5.0) -> httpx.Headers:
    return httpx.Headers(
        {
            "x-ratelimit-bucket": bucket,
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset-after": str(reset_after),
        }
    )


def test_nothing_waits_before_discord_said_anything() -> None:
    assert Book().wait(POST, 100.0) == 0.0


def test_an_empty_bucket_waits_until_it_is_full_again() -> None:
    book = Book()
    book.learn(POST, said(remaining=0, reset_after=2.5), 100.0)
    assert book.wait(POST, 101.0) == 1.5
    assert book.wait(POST, 102.5) == 0.0


def test_requests_that_went_out_are_counted_before_their_answers() -> None:
    book = Book()
    book.learn(POST, said(remaining=2, reset_after=5), 100.0)
    book.take(POST, 100.1)
    book.take(POST, 100.2)
    assert book.wait(POST, 100.3) == pytest.approx(4.7)


def test_another_channel_has_a_bucket_of_its_own() -> None:
    book = Book()
    book.learn(POST, said(remaining=0), 100.0)
    assert book.wait(ELSEWHERE, 100.0) == 0.0


def test_routes_that_share_a_bucket_share_its_limit() -> None:
    book = Book()
    book.learn(EDIT, said("shared", remaining=5), 100.0)
    book.learn(POST, said("shared", remaining=0, reset_after=9), 100.0)
    assert book.wait(EDIT, 100.0) == 9.0


def test_answers_that_overtake_each_other_do_not_refill_the_bucket() -> None:
    book = Book()
    book.learn(POST, said(remaining=0, reset_after=4.8), 100.2)
    book.learn(POST, said(remaining=3, reset_after=4.9), 100.1)
    assert book.wait(POST, 101.0) > 0


def test_a_new_window_refills_the_bucket() -> None:
    book = Book()
    book.learn(POST, said(remaining=0, reset_after=0.1), 100.0)
    book.learn(POST, said(remaining=4, reset_after=5), 100.3)
    assert book.wait(POST, 100.3) == 0.0


@pytest.mark.parametrize("odd", ["", "soon", "nan", "-1", "inf", "1e999"])
def test_odd_headers_teach_nothing(odd: str) -> None:
    book = Book()
    book.learn(POST, said(remaining=0, reset_after=odd), 100.0)
    book.learn(POST, said(remaining=odd), 100.0)
    assert book.wait(POST, 100.0) == 0.0


def test_a_429_holds_its_bucket_alone() -> None:
    book = Book()
    book.hold(POST, 3.5, 100.0)
    assert book.wait(POST, 100.0) == 3.5
    assert book.wait(EDIT, 100.0) == 0.0


def test_a_global_429_holds_the_bot_and_not_the_interactions() -> None:
    book = Book()
    book.hold(POST, 3.0, 100.0, everything=True)
    assert book.wait(ELSEWHERE, 101.0) == 2.0
    assert book.wait(HOOK, 101.0) == 0.0


def test_a_ban_holds_everything() -> None:
    book = Book()
    book.hold(HOOK, 60.0, 100.0, banned=True)
    assert book.wait(POST, 100.0) == 60.0
    assert book.wait(HOOK, 100.0) == 60.0


def test_fifty_requests_go_out_in_one_second_and_no_more() -> None:
    book = Book()
    for number in range(50):
        assert book.wait(POST, 100.0 + number / 100) == 0.0
        book.take(POST, 100.0 + number / 100)
    assert book.wait(ELSEWHERE, 100.5) == pytest.approx(0.5)
    assert book.wait(HOOK, 100.5) == 0.0
    assert book.wait(ELSEWHERE, 101.0) == 0.0


def test_interactions_do_not_use_up_the_global_limit() -> None:
    book = Book(per_second=1)
    book.take(HOOK, 100.0)
    assert book.wait(POST, 100.0) == 0.0


def test_too_many_invalid_requests_stop_everything_until_the_first_is_ten_minutes_old() -> None:
    book = Book(most_invalid=3)
    for now in (100.0, 200.0, 300.0):
        assert book.wait(POST, now) == 0.0
        book.refused(now)
    assert book.wait(POST, 300.0) == 400.0
    assert book.wait(HOOK, 300.0) == 400.0
    assert book.wait(POST, 700.0) == 0.0


def test_finished_buckets_are_forgotten() -> None:
    book = Book()
    for number in range(5000):
        route = Route.to("POST", "/channels/{channel}/messages", channel=str(number))
        book.learn(route, said(remaining=0, reset_after=1), float(number))
    assert len(book._buckets) + len(book._names) < 1200
    assert book.wait(route, 4999.0) == 1.0


@given(st.lists(st.floats(0, 3), max_size=200))
def test_no_second_ever_holds_more_than_the_global_limit(gaps: list[float]) -> None:
    book, now, sent = Book(per_second=5), 0.0, list[float]()
    for gap in gaps:
        now += gap / 10
        now += book.wait(POST, now)
        book.take(POST, now)
        sent.append(now)
    assert all(later - earlier > 0.99 for earlier, later in zip(sent, sent[5:], strict=False))


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ({"retry_after": 0.65}, "1", 0.65),
        ({"retry_after": "2.5"}, None, 2.5),
        ({}, "3", 3.0),
        (None, "7.25", 7.25),
        ({"retry_after": "soon"}, None, 1.0),
        ([], None, 1.0),
    ],
)
def test_how_long_a_429_asks_to_wait(body: object, header: str | None, seconds: float) -> None:
    headers = httpx.Headers({"retry-after": header} if header else {})
    assert retry_after(body, headers) == seconds


def test_a_part_of_a_path_cannot_lead_elsewhere() -> None:
    route = Route.to("GET", "/channels/{channel}", channel="../guilds/1?x=#")
    assert route.path == "/channels/..%2Fguilds%2F1%3Fx%3D%23"


def test_a_route_never_shows_its_token() -> None:
    assert "s3cret" not in repr(HOOK) + str(HOOK)
