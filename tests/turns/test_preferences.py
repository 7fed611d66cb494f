"""Which of what was settled counts."""

from app.turns.preferences import Chosen, Preference, Routing, Scope, settled
from app.turns.status import Verbosity

REPOSITORY, BRANCH, MODEL = Preference.REPOSITORY, Preference.BRANCH, Preference.MODEL


def test_the_nearest_counts_and_each_tells_where_it_comes_from() -> None:
    found = settled({MODEL: "a/thread"}, {MODEL: "a/channel", BRANCH: "main"}, {MODEL: "a/operator", REPOSITORY: "r"})

    assert found.chosen == {
        MODEL: Chosen("a/thread", Scope.THREAD),
        BRANCH: Chosen("main", Scope.CHANNEL),
        REPOSITORY: Chosen("r", Scope.OPERATOR),
    }


def test_a_branch_is_not_looked_for_in_another_repository() -> None:
    found = settled({REPOSITORY: "theirs"}, {REPOSITORY: "ours", BRANCH: "next"}, {})

    assert (found.value(REPOSITORY), found.value(BRANCH)) == ("theirs", None)


def test_a_branch_alone_is_of_the_operators_repository_and_of_no_other() -> None:
    of_operator = settled({BRANCH: "next"}, {}, {REPOSITORY: "theirs"})
    of_channel = settled({BRANCH: "next"}, {REPOSITORY: "ours"}, {REPOSITORY: "theirs"})
    of_nobody = settled({BRANCH: "next"}, {REPOSITORY: "ours", BRANCH: "main"}, {})

    assert [found.value(BRANCH) for found in (of_operator, of_channel, of_nobody)] == ["next", None, "main"]


def test_where_nothing_is_settled_the_defaults_count() -> None:
    found = settled({}, {}, {})

    assert (found.verbosity, found.routing, found.value(MODEL)) == (Verbosity.NORMAL, Routing.AI, None)
