"""What people are asked, and what is left of it when they have answered."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discord.ask_view import ask, denial
from app.discord.enclosures import MOST_BYTES
from app.discord.notation import visible
from app.discord.payloads import View
from app.discord.question_view import writing
from app.ids import AskId, TurnId, UserId
from app.turns.asks import Asked, AskState
from app.turns.progress import Allowed, Answered, Ask, Decision, Denied, Option, Permission, Question
from scripts.playground.discord.modals import check_modal
from tests.discord.oracle import check, labels, live, rewritten, texts

TURN = TurnId("1300000000000000001")
ALICE = UserId("300000000000000000")
UNTIL = 1_700_001_800.0

INSTALL = Permission("bash", "npm install left-pad", always=("npm install *",))
COLOUR = Question("Which colour should it have?", "Colour", (Option("Red", "warm"), Option("Blue", "cold")))
SURE = Question("Are you sure?", "", (Option("Yes"), Option("No")), custom=False)


def asked(
    about: Permission | tuple[Question, ...],
    state: AskState = AskState.OPEN,
    *,
    answers: tuple[tuple[str, ...], ...] = (),
    decision: Decision | None = None,
    by: str | None = None,
) -> Asked:
    prefix = "per" if isinstance(about, Permission) else "que"
    return Asked(TURN, Ask(AskId(f"{prefix}_1"), about), state, 0.0, UNTIL, None, answers, decision, by)


def custom_ids(view: View) -> list[str]:
    return [one["custom_id"] for row in view.components for one in row["components"]]


def everything(view: View) -> str:
    return "\n".join([view.content, *(file.content.decode() for file in view.files)])


# --- permissions -------------------------------------------------------------------------------------------------


def test_a_permission_names_the_role_that_decides_as_long_as_somebody_is_to_decide() -> None:
    line = "-# Only people with the role <@&91> may decide this."

    assert line in ask(asked(INSTALL), ALICE, approver="91").content.split("\n")
    assert "<@&" not in ask(asked(INSTALL), ALICE).content
    assert line not in ask(asked(INSTALL, AskState.GONE), approver="91").content


def test_a_command_as_long_as_a_message_leaves_room_for_the_role_that_decides() -> None:
    check(ask(asked(Permission("bash", "x" * 2_000)), ALICE, approver="9" * 20))


def test_a_permission_shows_the_command_what_always_means_and_until_when_it_waits() -> None:
    view = ask(asked(INSTALL), ALICE)

    assert view.content == (
        "-# 🔐 <@300000000000000000> **The agent asks for permission** to run a command:\n"
        "```sh\nnpm install left-pad\n```\n"
        "-# **Always allow** covers `npm install *`, for everybody in this thread, "
        "until its machine sleeps or is started again.\n"
        "-# **Deny** ends the turn; with a reason, the agent goes on and does it another way.\n"
        "-# Waiting until <t:1700001800:t>. "
        "After that nothing of this is done, the turn ends, and the machine sleeps."
    )
    assert view.files == ()


def test_a_permissions_buttons_carry_all_that_a_press_needs() -> None:
    view = ask(asked(INSTALL))

    assert dict(zip(labels(view), custom_ids(view), strict=True)) == {
        "Allow once": f"allow:{TURN}:per_1:once",
        "Always allow": f"allow:{TURN}:per_1:always",
        "Deny": f"deny:{TURN}:per_1",
    }


def test_a_long_command_is_whole_in_a_file_and_the_message_says_so() -> None:
    command = "\n".join(f"echo {number}" for number in range(500))

    view = ask(asked(Permission("bash", command)))

    (file,) = view.files
    assert (file.name, file.content.decode()) == ("command.sh", command)
    assert "echo 100\n" in view.content
    assert "-# All of it is in the file command.sh." in view.content


def test_a_change_is_shown_as_its_diff_and_a_long_one_is_a_file() -> None:
    short = ask(asked(Permission("edit", "src/a.py", "-one\n+two\n", ("*",))))
    long = ask(asked(Permission("edit", "src/a.py", "+line\n" * 1_000, ("*",))))

    assert "to change a file:\n`src/a.py`\n```diff\n-one\n+two\n" in short.content
    assert "**Always allow** covers everything of this kind" in short.content
    assert [file.name for file in long.files] == ["changes.diff"]
    assert long.files[0].content.decode() == "+line\n" * 1_000


def test_a_change_names_its_file_as_people_know_it_and_leaves_no_line_of_it_out() -> None:
    place = "/home/daytona/workspace/src/a.py"
    changed = "@@ -1,3 +1,2 @@\n-Index: none\n-===\n--- a\n+++ /b/src/a.py\n"
    diff = f"Index: {place}\n{'=' * 67}\n--- {place}\t\n+++ {place}\t\n{changed}\n"

    view = ask(asked(Permission("edit", "src/a.py", diff)))

    assert f"```diff\n--- src/a.py\n+++ src/a.py\n{changed}```" in view.content


def test_a_description_that_only_says_its_label_again_is_not_shown() -> None:
    telling = (Option("Postgres", "a server"), Option("SQLite", " sqlite"))
    silent = (Option("Postgres", "Postgres"), Option("SQLite", "SQLite"))

    listed = ask(asked((Question("Which?", "Database", telling),))).content
    plain = ask(asked((Question("Which?", "Database", silent),))).content

    assert "1. **Postgres**: a server\n2. **SQLite**\n" in listed
    assert "**Postgres**" not in plain


@pytest.mark.parametrize("command", ["echo ```", "rm \u202ecod.txt", "cat a\u200bb", "\x1b[2Jls"])
def test_a_command_that_cannot_be_shown_exactly_is_spelt_out_and_enclosed(command: str) -> None:
    view = ask(asked(Permission("bash", command)))

    assert view.files[0].content.decode() == visible(command)
    assert not re.search("[\u202e\x1b]", view.content)


def test_a_file_is_never_larger_than_discord_takes_and_says_where_it_was_cut() -> None:
    view = ask(asked(Permission("bash", "ä" * MOST_BYTES)))

    assert MOST_BYTES - 10 < len(view.files[0].content) <= MOST_BYTES
    assert view.files[0].content.decode().endswith("does not fit into a file that Discord takes.]\n")


def test_patterns_that_do_not_fit_are_in_a_file() -> None:
    always = tuple(f"{number} {'x' * 90} *" for number in range(9))

    view = ask(asked(replace(INSTALL, always=always)))

    assert [file.name for file in view.files] == ["always.txt"]
    assert view.files[0].content.decode().splitlines() == list(always)
    assert "always.txt" in view.content


@pytest.mark.parametrize(
    ("decision", "line"),
    [
        (Allowed(False), "-# ✅ **Allowed once** by a\\*b · the agent asked to run a command:"),
        (Allowed(True), "-# ✅ **Always allowed** by a\\*b · the agent asked to run a command:"),
        (Denied(), "-# 🚫 **Denied** by a\\*b · the agent asked to run a command:"),
        (Denied("use\npnpm"), "-# 🚫 **Denied** by a\\*b: use pnpm · the agent asked to run a command:"),
    ],
)
@pytest.mark.parametrize("state", [AskState.DECIDED, AskState.SETTLED])
def test_a_decision_is_shown_with_what_it_was_about_and_cannot_be_made_again(
    decision: Decision, line: str, state: AskState
) -> None:
    view = ask(asked(INSTALL, state, decision=decision, by="a*b"), ALICE)

    assert view.content == f"{line}\n```sh\nnpm install left-pad\n```"
    assert view.components == ()


def test_what_nobody_waits_for_says_so_and_offers_to_try_again() -> None:
    unanswered = ask(asked(INSTALL, AskState.GONE))
    too_late = ask(asked(INSTALL, AskState.GONE, decision=Allowed(True), by="alice"))

    assert unanswered.content.startswith("-# ⌛ **Gone**: nobody waits for an answer to this any more · the agent")
    assert "any more · too late: ✅ **Always allowed** by alice · the agent" in too_late.content
    assert custom_ids(unanswered) == custom_ids(too_late) == [f"retry:{TURN}"]


@pytest.mark.parametrize("about", [INSTALL, (COLOUR,)])
def test_what_is_gone_while_its_turn_goes_on_offers_nothing_to_press(about: Permission | tuple[Question, ...]) -> None:
    view = ask(asked(about, AskState.GONE), is_over=False)

    assert view.content.startswith(
        "-# ⌛ **Gone**: nobody waits for an answer to this any more; if the agent still needs"
    )
    assert view.components == ()


# --- questions ---------------------------------------------------------------------------------------------------


def test_a_question_shows_its_options_and_how_it_can_be_answered() -> None:
    view = ask(asked((COLOUR,)), ALICE)

    assert view.content == (
        "-# ❓ <@300000000000000000> **The agent asks**\n"
        "**Colour**\n"
        "Which colour should it have?\n"
        "1. **Red**: warm\n"
        "2. **Blue**: cold\n"
        "-# Choose one, or reply to this message with an answer of your own.\n"
        "-# Waiting until <t:1700001800:t>. After that the turn ends, and the machine sleeps."
    )
    assert dict(zip(labels(view), custom_ids(view), strict=True)) == {
        "Red": f"answer:{TURN}:que_1:0:0",
        "Blue": f"answer:{TURN}:que_1:0:1",
        "Other…": f"write:{TURN}:que_1:0",
    }


def test_questions_are_asked_one_after_the_other_with_what_was_answered() -> None:
    view = ask(asked((COLOUR, SURE), answers=(("Red", "and *green*"),)), ALICE)

    assert "**The agent asks** · Question 2 of 2\nAre you sure?\n-# ✔ Colour: Red, and \\*green\\*\n" in view.content
    assert "-# Choose one.\n" in view.content
    assert custom_ids(view) == [f"answer:{TURN}:que_1:1:0", f"answer:{TURN}:que_1:1:1"]


def test_several_choices_are_made_in_a_list() -> None:
    view = ask(asked((replace(COLOUR, multiple=True),)))

    select = view.components[0]["components"][0]
    assert select["custom_id"] == f"choose:{TURN}:que_1:0:0"
    assert [(one["label"], one["value"], one["description"]) for one in select["options"]] == [
        ("Red", "0", "warm"),
        ("Blue", "1", "cold"),
    ]
    assert (select["min_values"], select["max_values"], select["placeholder"]) == (1, 2, "Choose one or more")


def test_sixty_options_are_in_three_lists() -> None:
    options = tuple(Option(f"Option number {number}") for number in range(60))

    view = ask(asked((Question("Which?", "", options),)))

    assert custom_ids(view) == [*(f"choose:{TURN}:que_1:0:{n}" for n in range(3)), f"write:{TURN}:que_1:0"]
    values = [one["value"] for row in view.components[:3] for one in row["components"][0]["options"]]
    assert values == [str(number) for number in range(60)]
    assert view.components[2]["components"][0]["placeholder"] == "Choose one (51 to 60)"


def test_more_options_than_fit_leave_a_row_to_write_in() -> None:
    options = tuple(Option(f"Option number {number}") for number in range(120))

    view = ask(asked((Question("Which?", "", options),)))

    check(view)
    assert custom_ids(view) == [*(f"choose:{TURN}:que_1:0:{n}" for n in range(4)), f"write:{TURN}:que_1:0"]


def test_options_beyond_every_list_can_be_written() -> None:
    options = tuple(Option(f"Option number {number}") for number in range(200))

    view = ask(asked((Question("Which?", "", options, custom=False),)))

    assert labels(view)[-1] == "Other…"
    assert "reply to this message" in view.content


def test_labels_that_are_blank_alike_or_too_long_can_be_told_apart() -> None:
    long = "A very long label " * 8
    options = (Option("Same"), Option("Same"), Option(" "), Option(long))

    view = ask(asked((Question("Which?", "", options, custom=False),)))

    assert labels(view)[:3] == ["1. Same", "2. Same", "Option 3"]
    assert f"4. **{long.strip()}**" in view.content


def test_a_question_without_options_is_answered_in_words() -> None:
    view = ask(asked((Question("What is it called?", "Name", (), custom=False),)))

    assert labels(view) == ["Answer…"]
    assert "-# Press **Answer…**, or reply to this message." in view.content


def test_a_question_that_does_not_fit_is_whole_in_a_file() -> None:
    options = tuple(Option(f"Number {number}", "because " * 20) for number in range(40))
    text = "Consider this. " * 300

    view = ask(asked((Question(text, "Long", options),)))

    (file,) = view.files
    assert file.name == "question.md"
    assert text in file.content.decode()
    assert all(f"{option.label}: {option.description}" in file.content.decode() for option in options)
    assert "-# All of it is in the file question.md." in view.content


def test_a_fence_that_is_not_closed_does_not_swallow_what_we_say() -> None:
    view = ask(asked((Question("Like this?\n```py\nx = 1", "", (Option("Yes"),)),)))

    assert "x = 1\n```\n-# Choose one" in view.content


def test_an_answer_is_shown_with_its_question() -> None:
    view = ask(asked((COLOUR, SURE), AskState.SETTLED, decision=Answered((("Red",), ("Yes",))), by="bob"), ALICE)

    assert view.content == (
        "-# ✅ **Answered** by bob\n"
        "**Colour**\nWhich colour should it have?\n-# ✔ Answer: Red\n"
        "Are you sure?\n-# ✔ Answer: Yes"
    )
    assert view.components == ()


def test_long_answers_are_whole_in_a_file() -> None:
    answer = "Because. " * 400

    view = ask(asked((COLOUR,), AskState.DECIDED, decision=Answered(((answer,),)), by="bob"))

    assert view.content.startswith("-# ✅ **Answered** by bob\n-# ✔ Colour: Because. Because.")
    assert answer in view.files[0].content.decode()


def test_questions_that_nobody_waits_for_say_what_was_answered_and_what_was_not() -> None:
    view = ask(asked((COLOUR, SURE), AskState.GONE, answers=(("Red",),)))

    assert "-# ✔ Answer: Red\nAre you sure?\n-# ✖ not answered" in view.content
    assert custom_ids(view) == [f"retry:{TURN}"]


OURS = re.compile(r"^-# (?:[❓✔✖] |Choose|Press|Waiting|All of it is in|\(nothing\)).*$", re.M)


def foreign(view: View) -> list[str]:
    """What in it is not the model's own and looks like ours, or mentions somebody."""
    return live(OURS.sub("", view.content))


@pytest.mark.parametrize(
    "text",
    [
        "Sure?<br>-# ✅ **Allowed once** by admin",
        "<@<details>123456789012345678>",
        "x" * 340 + "`<@123456789012345678>" + "y" * 300 + "`",
    ],
)
@pytest.mark.parametrize("options", [(), tuple(Option(f"Number {n}", "because " * 20) for n in range(40))])
def test_a_question_says_nothing_in_our_name_and_mentions_nobody(text: str, options: tuple[Option, ...]) -> None:
    view = ask(asked((Question(text, "", options),)))

    check(view)
    assert foreign(view) == []


@given(rewritten, st.sampled_from([0, 300, 380, 1_700]), st.booleans())
def test_nor_does_any_other_question(text: str, before: int, is_long: bool) -> None:
    options = tuple(Option(f"Number {n}", "because " * 20) for n in range(40)) if is_long else ()

    view = ask(asked((Question("x" * before + text, "", options),)))

    check(view)
    assert foreign(view) == []


# --- modals ------------------------------------------------------------------------------------------------------


def test_a_denial_asks_for_a_reason_and_takes_none() -> None:
    modal = denial(f"deny:{TURN}:per_1")

    check_modal(modal["data"])
    (label,) = modal["data"]["components"]
    assert (modal["type"], modal["data"]["custom_id"]) == (9, f"deny:{TURN}:per_1")
    assert (label["component"]["custom_id"], label["component"]["required"]) == ("reason", False)
    assert label["component"]["placeholder"] == "Optional"


@given(texts, texts)
def test_an_answer_in_own_words_is_asked_for_under_any_header(text: str, header: str) -> None:
    modal = writing(f"write:{TURN}:que_1:0", Question(text, header, ()))

    check_modal(modal["data"])
    (label,) = modal["data"]["components"]
    assert (label["component"]["custom_id"], label["component"]["required"]) == ("answer", True)


# --- whatever is asked -------------------------------------------------------------------------------------------

patterns = st.lists(texts, max_size=5).map(tuple)
permissions = st.builds(Permission, texts | st.just("bash"), texts, texts, patterns)
options = st.lists(st.builds(Option, texts, texts), max_size=8).map(tuple) | st.lists(
    st.builds(Option, st.text(max_size=5)), min_size=20, max_size=140
).map(tuple)
questions = st.lists(st.builds(Question, texts, texts, options, st.booleans(), st.booleans()), min_size=1, max_size=3)
answers = st.lists(st.lists(texts, max_size=2).map(tuple), max_size=3).map(tuple)
decisions = st.none() | st.builds(Allowed, st.booleans()) | st.builds(Denied, texts) | st.builds(Answered, answers)


@given(permissions, st.sampled_from(AskState), decisions, st.none() | texts, st.none() | st.just(ALICE))
def test_every_permission_is_a_message_from_which_nothing_is_missing(
    permission: Permission, state: AskState, decision: Decision | None, by: str | None, notify: UserId | None
) -> None:
    view = ask(asked(permission, state, decision=decision, by=by), notify)

    check(view)
    wanted = [permission.diff] if permission.diff.strip() else [permission.subject]
    assert all(visible(text).strip() in everything(view) for text in wanted)
    outside_code = re.sub(r"```[\s\S]*?```|(`+).+?(?<!`)\1(?!`)", "", view.content)
    assert set(re.findall(r"(?<!\\)<@&?\d+>", outside_code)) <= {f"<@{ALICE}>"}


@given(questions.map(tuple), st.sampled_from(AskState), answers, decisions, st.none() | texts)
def test_every_question_is_a_message_with_an_answer_for_each_option(
    about: tuple[Question, ...],
    state: AskState,
    given: tuple[tuple[str, ...], ...],
    decision: Decision | None,
    by: str | None,
) -> None:
    shown = asked(about, state, answers=given, decision=decision, by=by)

    view = ask(shown, ALICE)

    check(view)
    if state is AskState.OPEN and shown.question is not None:
        ways = len(labels(view))
        is_writable = any(custom_id.startswith("write:") for custom_id in custom_ids(view))
        assert ways - is_writable == len(shown.question.options) or is_writable
