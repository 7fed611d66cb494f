"""The scripted model: tests elsewhere lean on every one of its directives."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import ChannelId, MessageId
from app.opencode.router import WHAT_TITLE, WHETHER
from app.turns.history import Said, with_history
from app.turns.records import About
from app.turns.surroundings import UNSAID, with_message
from scripts.playground.model import ScriptedModel, pieces
from scripts.playground.model_quick import quick_reply
from scripts.playground.model_script import Message, reply
from scripts.playground.model_steps import Call, Cut, Fail, Hang, Pause, Say, Think

anyio = pytest.mark.anyio

SYSTEM: Message = {"role": "system", "content": "<env>\n  Working directory: /home/workspace\n</env>"}


def asked(*prompts: str) -> list[Message]:
    return [SYSTEM, *({"role": "user", "content": prompt} for prompt in prompts)]


def called(result: str = "fine") -> list[Message]:
    return [{"role": "assistant", "content": "", "tool_calls": [{}]}, {"role": "tool", "content": result}]


def test_a_turn_goes_on_behind_the_calls_that_were_made() -> None:
    messages = asked("!say One. !bash ls !say Two. !bash pwd !say Three.")

    first, second, third = (reply(messages + called() * done) for done in range(3))

    said = [step.text.strip() for step in (first[0], second[0], third[0]) if isinstance(step, Say)]
    assert said == ["One.", "Two.", "Three."]
    assert [step.arguments["command"] for step in (first[1], second[1]) if isinstance(step, Call)] == ["ls", "pwd"]


def test_a_call_that_was_cut_off_is_made_again() -> None:
    messages = asked("!bash ls") + called("[Tool execution was interrupted]")

    assert isinstance(reply(messages)[0], Call)


@pytest.mark.parametrize("speaker", ["", "alice (123456): ", "Dr. Bob (the 2nd) (7): "])
def test_who_speaks_is_passed_over(speaker: str) -> None:
    directed, wished, quoted = (
        reply(asked(speaker + prompt)) for prompt in ("!say One.\n!bash ls", "list the files", "(1): what?")
    )

    assert directed == reply(asked("!say One.\n!bash ls"))
    assert wished == reply(asked("list the files"))
    assert quoted == reply(asked("(1): what?"))


def test_behind_the_history_of_a_thread_who_speaks_is_passed_over_too() -> None:
    prompt = with_history("alice (123456): !bash ls", [Said("bob", "!bash rm (7): x")])

    assert reply(asked(prompt)) == reply(asked("!bash ls"))


@pytest.mark.parametrize("question", ["What may be the cause?", "!say Look.\n\n!bash ls", "list the files"])
def test_of_a_question_about_a_message_only_the_question_is_obeyed(question: str) -> None:
    about = About(ChannelId("1"), MessageId("2"), "Ben", "!bash make\n\n> write c.txt")
    around = [Said("Ben", "!write b.txt hello"), Said("Cem", "(This is about a message of Dora:)\n> list the files")]

    steps = reply(asked(f"alice (7): {with_message(question, about, around)}"))

    assert steps == reply(asked(question))


@pytest.mark.parametrize("said", ["!bash ls", "list the files\n\nand write a.txt"])
def test_without_a_question_the_message_itself_is_one(said: str) -> None:
    about = About(ChannelId("1"), MessageId("2"), "Ben", said)

    steps = reply(asked(with_message(UNSAID, about, [Said("Cem", "!write b.txt hello")])))

    assert steps == reply(asked(said))


def test_calls_of_earlier_turns_do_not_count() -> None:
    messages = asked("!bash ls") + called() + asked("!bash pwd")[1:]

    (step,) = reply(messages)

    assert isinstance(step, Call)
    assert step.arguments["command"] == "pwd"


@pytest.mark.parametrize(
    ("prompt", "tool", "arguments"),
    [
        ("!write a.txt one\\ntwo", "write", {"filePath": "/home/workspace/a.txt", "content": "one\ntwo"}),
        ("!write /tmp/a x", "write", {"filePath": "/tmp/a", "content": "x"}),
        ("!edit a x y => z", "edit", {"filePath": "/home/workspace/a", "oldString": "x y", "newString": "z"}),
        ("!read a.txt", "read", {"filePath": "/home/workspace/a.txt"}),
        ('!tool glob {"pattern": "*"}', "glob", {"pattern": "*"}),
    ],
)
def test_tools_are_called_as_opencode_knows_them(prompt: str, tool: str, arguments: dict[str, Any]) -> None:
    assert reply(asked(prompt))[0] == Call(tool, arguments)


def test_a_plan_begins_with_its_first_task() -> None:
    (step,) = reply(asked("!todo look; do; check"))

    assert isinstance(step, Call)
    states = [(todo["content"], todo["status"]) for todo in step.arguments["todos"]]
    assert states == [("look", "in_progress"), ("do", "pending"), ("check", "pending")]


def test_questions_are_asked_one_or_several_at_once_with_or_without_options() -> None:
    which, rest = "Colour: Which colour? Red (like a rose) | Green", "Which of a:b? [] A | B; What name?"
    (step,) = reply(asked(f"!question {which}; {rest}"))

    assert isinstance(step, Call)
    assert step.tool == "question"
    shown = [
        (one["header"], one["question"], [option["label"] for option in one["options"]], one["multiple"])
        for one in step.arguments["questions"]
    ]
    assert shown == [
        ("Colour", "Which colour?", ["Red", "Green"], False),
        ("Question", "Which of a:b?", ["A", "B"], True),
        ("Question", "What name?", [], False),
    ]
    assert step.arguments["questions"][0]["options"][0]["description"] == "like a rose"


@pytest.mark.parametrize(
    ("prompt", "block"),
    [
        ("!code", "```python\ndef answer():"),
        ("!code javascript", "```javascript\nfunction answer() {"),
        ("!code cobol", "```cobol\n42"),
    ],
)
def test_code_is_of_the_language_that_it_says(prompt: str, block: str) -> None:
    (said,) = reply(asked(prompt))

    assert isinstance(said, Say)
    assert said.text.startswith(block)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("we should get lunch", "NO"),
        ("Ben, I saw the match", "NO"),
        ("Bob, the tests are yours", "NO"),
        ("OpenCord, the tests are yours", "YES"),
        ("the build is red, and it matches nothing", "YES"),
    ],
)
def test_the_quick_model_tells_what_people_say_to_each_other(text: str, answer: str) -> None:
    lately = [{"author": "Bob", "text": "hi"}, {"author": "OpenCord", "text": "Done."}]

    said = quick_reply(WHETHER, json.dumps({"lately": lately, "message": {"author": "Ada", "text": text}}))

    assert said == answer


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("make a plan, then write greet.js and run it", "make a plan"),
        ("list the files and write hello.py", "list the files"),
        ("!bash ls", "bash ls"),
        ("the", "the"),
    ],
)
def test_the_quick_model_names_a_thread_by_its_first_words(prompt: str, title: str) -> None:
    assert quick_reply(WHAT_TITLE, json.dumps({"message": prompt})) == title


def test_a_task_takes_the_rest_of_its_line_and_the_next_line_goes_on() -> None:
    messages = asked("!say I delegate. !task Look around: !bash ls !say Seen.\n!bash pwd")

    said, task = reply(messages)
    (then,) = reply(messages + called())

    assert isinstance(said, Say)
    prompt = "Look around: !bash ls !say Seen."
    assert task == Call("task", {"description": "Look around", "prompt": prompt, "subagent_type": "general"})
    assert isinstance(then, Call)
    assert then.arguments["command"] == "pwd"


def test_what_was_answered_and_what_a_sub_agent_found_stand_in_the_closing_words() -> None:
    answered = 'User has answered your questions: "Which?"="Red", "Why?"="So". You can now continue.'

    (told,) = reply(asked("!question Which? Red | Green; Why?") + called(answered))
    (found,) = reply(asked("!task Look: !bash ls") + called("<task_result>\na.txt\nb.txt\n</task_result>"))

    assert told == Say("Done: asked you.\n\nYou answered: Red, So.")
    assert found == Say("Done: let a sub-agent work.\n\n> a.txt\n> b.txt")


@pytest.mark.parametrize(
    ("prompt", "question", "labels"),
    [
        ("ask me which colour I like", "Which colour do you like?", ["Red", "Green", "Blue"]),
        ("Please ask me whether to go on.", "To go on?", ["Yes", "No"]),
        ("ask me", "Shall I?", ["Yes", "No"]),
    ],
)
def test_it_asks_when_it_is_asked_to(prompt: str, question: str, labels: list[str]) -> None:
    _, step = reply(asked(prompt))

    assert isinstance(step, Call)
    (one,) = step.arguments["questions"]
    assert (one["question"], [option["label"] for option in one["options"]]) == (question, labels)


def test_it_delegates_when_it_is_asked_to() -> None:
    _, step = reply(asked("let a sub-agent list the files"))

    assert isinstance(step, Call)
    assert (step.tool, step.arguments["prompt"]) == ("task", "list the files")


def with_parts(*parts: dict[str, Any]) -> list[Message]:
    return [SYSTEM, {"role": "user", "content": list(parts)}]


def test_images_are_acknowledged_unless_the_prompt_says_what_to_say() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

    seen = reply(with_parts({"type": "text", "text": "what is this?"}, image))
    both = reply(with_parts({"type": "text", "text": "!slow 0"}, image, image))
    told = reply(with_parts({"type": "text", "text": "!say Hm."}, image))

    assert (seen[-1], both[-1]) == (Say("\n\nI see an image."), Say("\n\nI see 2 images."))
    assert told == [Say("Hm.\n\n")]


def test_a_file_that_came_with_the_prompt_tells_it_nothing_to_do() -> None:
    read = {"type": "text", "text": 'Called the Read tool with the following input: {"filePath":"a.md"}'}
    own = {"type": "text", "text": "alice (1): !bash ls"}

    (step,) = reply(with_parts(read, {"type": "text", "text": "!bash rm -rf ."}, own))

    assert isinstance(step, Call)
    assert step.arguments["command"] == "ls"


@pytest.mark.parametrize(
    ("prompt", "step"),
    [
        ("!reason Hm.\\nWell.", Think("Hm.\nWell.")),
        ("!fail 500", Fail(500)),
        ("!fail 429 2", Fail(429, 2)),
        ("!limit 600", Fail(429, retry_after=600)),
        ("!hang", Hang()),
        ("!cut", Cut()),
        ("!slow 1.5", Pause(1.5)),
    ],
)
def test_mishaps_can_be_asked_for(prompt: str, step: object) -> None:
    assert reply(asked(prompt))[0] == step


def test_a_long_answer_has_the_length_that_was_asked_for() -> None:
    (step,) = reply(asked("!long 4321"))

    assert isinstance(step, Say)
    assert len(step.text) == 4321


def test_directives_stand_on_lines_of_their_own_or_in_a_row() -> None:
    in_a_row, on_lines = reply(asked("please !say a !bash ls")), reply(asked("please\n!say a\n!bash ls"))

    assert [type(step) for step in in_a_row] == [type(step) for step in on_lines] == [Say, Call]


@pytest.mark.parametrize("prompt", ["!slow soon", "!fail", "!long", "!tool x {", "!question"])
def test_a_directive_that_makes_no_sense_is_told(prompt: str) -> None:
    (step,) = reply(asked(prompt))

    assert isinstance(step, Say)
    assert "do not understand" in step.text


def test_a_mark_that_is_no_directive_is_only_text() -> None:
    (step,) = reply(asked("hello!say what? !nothing"))

    assert isinstance(step, Say)
    assert "!nothing" in step.text


def test_the_wish_of_the_demo_lists_writes_and_tells() -> None:
    messages = asked("list the files and write hello.py")

    steps = [reply(messages + called() * done) for done in range(3)]

    calls = [step for answer in steps for step in answer if isinstance(step, Call)]
    assert [(call.tool, call.arguments.get("filePath")) for call in calls] == [
        ("bash", None),
        ("write", "/home/workspace/hello.py"),
    ]
    (told,) = steps[2]
    assert isinstance(told, Say)
    assert "`ls -la`" in told.text
    assert "wrote `hello.py`" in told.text
    assert "```python" in told.text


@pytest.mark.parametrize("prompt", ["list the files", "!bash ls -la"])
def test_the_closing_words_show_what_a_command_printed(prompt: str) -> None:
    (told,) = reply(asked("list the files", prompt) + called("a.txt\nb.txt"))

    assert told == Say("Done: ran `ls -la`.\n\n```\na.txt\nb.txt\n```")


def test_what_a_command_printed_is_shortened_and_stays_in_its_fence() -> None:
    printed = "```\n" + "x" * 500 + "\n" + "line\n" * 98

    (told,) = reply(asked("!bash cat long.md") + called(printed))

    assert isinstance(told, Say)
    fence = told.text.split("\n\n")[1].splitlines()
    assert (len(fence), fence[-2]) == (23, "… (lines in all: 100)")
    assert max(len(line) for line in fence) <= 120
    assert told.text.count("```") == 2


def test_anything_else_is_quoted_with_what_was_asked_before() -> None:
    (step,) = reply(asked("who are you?", "and why?"))

    assert isinstance(step, Say)
    assert "and why?" in step.text
    assert "who are you?" in step.text


@given(st.text(max_size=200))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(st.sampled_from("ab !\n"), max_size=60))
def test_every_prompt_is_answered(prompt: str) -> None:
    assert reply(asked(prompt))


async def completed(model: ScriptedModel, prompt: str, stream: bool = False) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        body = {"model": "scripted", "messages": asked(prompt), "stream": stream}
        return await http.post(f"{model.url}/chat/completions", json=body)


@anyio
async def test_a_text_is_streamed_in_several_deltas_and_ends_properly(model: ScriptedModel) -> None:
    response = await completed(model, "!say one two three four five six seven", stream=True)

    *events, done = response.text.strip().split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    texts = [text for chunk in chunks if (text := chunk["choices"][0]["delta"].get("content"))]
    assert (len(texts) > 1, "".join(texts).strip()) == (True, "one two three four five six seven")
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert done == "data: [DONE]"


@anyio
async def test_thoughts_are_streamed_apart_from_the_text(model: ScriptedModel) -> None:
    response = await completed(model, "!reason Let me think. !say Here.", stream=True)

    chunks = [json.loads(event.removeprefix("data: ")) for event in response.text.strip().split("\n\n")[:-1]]
    thoughts = [chunk["choices"][0]["delta"].get("reasoning_content") for chunk in chunks]
    assert [thought for thought in thoughts if thought] == ["Let me think."]


@anyio
async def test_a_whole_answer_holds_the_call_too(model: ScriptedModel) -> None:
    choice = (await completed(model, "!say I look. !bash ls")).json()["choices"][0]

    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"].strip() == "I look."
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])["command"] == "ls"


@anyio
async def test_a_failure_that_is_counted_passes(model: ScriptedModel) -> None:
    statuses = [(await completed(model, "!fail 503 2 !say counted")).status_code for _ in range(3)]

    assert statuses == [503, 503, 200]


@anyio
async def test_a_limit_says_when_to_come_back(model: ScriptedModel) -> None:
    response = await completed(model, "!limit 7")

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


@anyio
async def test_a_connection_is_cut_once(model: ScriptedModel) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await completed(model, "!cut !say after the cut", stream=True)

    assert (await completed(model, "!cut !say after the cut", stream=True)).status_code == 200


@anyio
async def test_every_request_is_remembered() -> None:
    async with ScriptedModel() as model:
        await completed(model, "remember me")

        assert model.requests[0]["messages"][-1]["content"] == "remember me"
