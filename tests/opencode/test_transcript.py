from hypothesis import given
from hypothesis import strategies as st

from app.ids import TurnId
from app.opencode.transcript import Fate, Fault, Outcome, fault_of, message_id, outcome_of, part_id
from tests.opencode.samples import Message, assistant, failed, part, tool, user

ONE, TWO = message_id(TurnId("1")), message_id(TurnId("2"))

texts = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


def text_of(outcome: Outcome) -> str:
    return "\n\n".join(one.text for one in outcome.said)


def test_ids_are_made_of_the_turn_alone() -> None:
    assert (message_id(TurnId("42")), part_id(TurnId("42"), 0)) == ("msg_dc42", "prt_dc42_0")


def test_a_prompt_that_nobody_sent_is_absent() -> None:
    assert outcome_of([user(TWO, "hi"), assistant(TWO, "hello")], ONE).fate is Fate.ABSENT


def test_a_prompt_without_an_answer_waits() -> None:
    assert outcome_of([user(ONE, "hi")], ONE).fate is Fate.WAITING


def test_a_finished_answer_is_all_texts_of_all_steps() -> None:
    steps = [assistant(ONE, "I look.", finish="tool-calls"), assistant(ONE, "I see.", "It is done.")]

    outcome = outcome_of([user(ONE, "hi"), *steps], ONE)

    assert (outcome.fate, text_of(outcome)) == (Fate.ANSWERED, "I look.\n\nI see.\n\nIt is done.")


def test_what_the_server_put_in_and_what_is_hidden_is_not_said() -> None:
    answer = assistant(ONE, "Said.")
    answer["parts"] += [part("Put in.", synthetic=True), part("Hidden.", ignored=True), part("Thought.", "reasoning")]

    assert text_of(outcome_of([user(ONE, "hi"), answer], ONE)) == "Said."


def test_an_answer_that_never_completed_is_unfinished() -> None:
    assert outcome_of([user(ONE, "hi"), assistant(ONE, "", finish=None)], ONE).fate is Fate.UNFINISHED


def test_an_answer_that_stopped_between_two_steps_is_unfinished() -> None:
    for finish in ("tool-calls", "unknown"):
        assert outcome_of([user(ONE, "hi"), assistant(ONE, "x", finish=finish)], ONE).fate is Fate.UNFINISHED


def test_an_answer_that_ended_because_a_person_said_no_is_an_answer() -> None:
    answer = assistant(ONE, "May I?", finish="tool-calls")
    answer["parts"].append(tool(status="error", error="The user rejected permission to use this specific tool call."))

    assert outcome_of([user(ONE, "hi"), answer], ONE).fate is Fate.ANSWERED


def test_an_answer_at_the_limit_of_the_model_says_so() -> None:
    outcome = outcome_of([user(ONE, "hi"), assistant(ONE, "and then", finish="length")], ONE)

    assert (outcome.fate, outcome.cut) == (Fate.ANSWERED, True)


def test_an_error_of_the_model_fails_the_turn_and_keeps_what_was_said() -> None:
    answer = failed(ONE, "APIError", "So far.", message="Invalid API key", statusCode=401, responseBody="{}")

    outcome = outcome_of([user(ONE, "hi"), answer], ONE)

    assert (outcome.fate, text_of(outcome)) == (Fate.FAILED, "So far.")
    assert outcome.fault == Fault("APIError", 401, "Invalid API key")


def test_an_abort_is_told_from_an_error() -> None:
    assert outcome_of([user(ONE, "hi"), failed(ONE, "MessageAbortedError")], ONE).fate is Fate.ABORTED


def test_an_abort_while_the_server_waited_for_the_model_leaves_neither_error_nor_finish() -> None:
    answer = assistant(ONE)
    del answer["info"]["finish"]

    assert outcome_of([user(ONE, "hi"), answer], ONE).fate is Fate.ABORTED


def test_a_server_that_was_killed_after_the_last_word_has_answered() -> None:
    """It will not run the prompt again: to wait for a completion, or to send it once more, would be for ever."""
    answer = assistant(ONE, "All of it.")
    del answer["info"]["time"]["completed"]

    outcome = outcome_of([user(ONE, "hi"), answer], ONE)

    assert (outcome.fate, text_of(outcome)) == (Fate.ANSWERED, "All of it.")


def test_a_server_that_was_killed_after_a_tool_call_has_not_answered() -> None:
    step = assistant(ONE, "I look.", finish="tool-calls")
    del step["info"]["time"]["completed"]

    assert outcome_of([user(ONE, "hi"), step], ONE).fate is Fate.UNFINISHED


def test_a_second_run_after_an_interruption_decides() -> None:
    messages = [user(ONE, "hi"), assistant(ONE, "First try.", finish=None), assistant(ONE, "Second try.")]

    outcome = outcome_of(messages, ONE)

    assert (outcome.fate, text_of(outcome)) == (Fate.ANSWERED, "Second try.")


def test_what_follows_a_compaction_belongs_to_the_prompt_and_its_summary_does_not() -> None:
    messages = [
        user(ONE, "hi"),
        failed(ONE, "ContextOverflowError"),
        user("msg_2041a", kind="compaction"),
        assistant("msg_2041a", "We talked.", summary=True),
        user("msg_2041b", "hi"),
        assistant("msg_2041b", "Hello."),
    ]

    outcome = outcome_of(messages, ONE)

    assert (outcome.fate, text_of(outcome), outcome.overtaken) == (Fate.ANSWERED, "Hello.", False)


def test_a_summary_is_not_the_end() -> None:
    summary = assistant("msg_2041a", "We talked.", summary=True)

    assert outcome_of([user(ONE, "hi"), user("msg_2041a"), summary], ONE).fate is Fate.UNFINISHED


def test_a_prompt_that_joined_a_running_one_shares_its_end() -> None:
    messages = [
        user(ONE, "hi"),
        assistant(ONE, "I look.", finish="tool-calls"),
        user(TWO, "and this"),
        assistant(TWO, "Both are done."),
    ]

    first, second = outcome_of(messages, ONE), outcome_of(messages, TWO)

    assert (first.fate, text_of(first), first.overtaken) == (Fate.ANSWERED, "I look.\n\nBoth are done.", True)
    assert (second.fate, text_of(second), second.overtaken) == (Fate.ANSWERED, "Both are done.", False)


def test_an_unfinished_prompt_with_a_newer_one_is_overtaken() -> None:
    outcome = outcome_of([user(ONE, "hi"), assistant(ONE, finish=None), user(TWO, "and this")], ONE)

    assert (outcome.fate, outcome.overtaken) == (Fate.UNFINISHED, True)


def test_an_answered_prompt_keeps_its_own_answer() -> None:
    messages = [user(ONE, "hi"), assistant(ONE, "One."), user(TWO, "and this"), assistant(TWO, "Two.")]

    assert text_of(outcome_of(messages, ONE)) == "One."


def test_a_fault_keeps_one_line_and_no_body() -> None:
    fault = fault_of({"name": "UnknownError", "data": {"message": "Bad\n  at stack", "responseBody": "secret"}})

    assert fault == Fault("UnknownError", None, "Bad")
    assert fault_of({}) == Fault("")


@given(st.lists(texts, min_size=1, max_size=6))
def test_only_the_whole_of_a_turn_is_an_answer(said: list[str]) -> None:
    *before, last = said
    steps = [assistant(ONE, text, finish="tool-calls") for text in before]
    whole = [user(ONE, "hi"), *steps, assistant(ONE, last)]

    fates = [outcome_of(whole[:length], ONE).fate for length in range(1, len(whole) + 1)]

    assert fates == [Fate.WAITING, *[Fate.UNFINISHED] * len(before), Fate.ANSWERED]
    assert text_of(outcome_of(whole, ONE)).split("\n\n") == said


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3))
def test_other_turns_change_nothing_about_an_answered_one(earlier: list[str], later: list[str]) -> None:
    own: list[Message] = [user(ONE, "hi"), assistant(ONE, "Mine.")]

    messages = [*turns(earlier, "before"), *own, *turns(later, "after")]

    assert text_of(outcome_of(messages, ONE)) == "Mine."


def turns(said: list[str], name: str) -> list[Message]:
    ids = [message_id(TurnId(f"{name}{number}")) for number in range(len(said))]
    return [message for id, text in zip(ids, said, strict=True) for message in (user(id, "?"), assistant(id, text))]
