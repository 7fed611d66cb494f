"""A question of an agent, with a button or a list for its options, and what it was answered with. Pure.

Labels may be long, blank or twice the same: what a button cannot show is listed in the message, and what the message
cannot hold is in a file that goes with it. Presses carry the options' indices, never their words.
"""

from collections.abc import Iterator, Sequence

from app.discord.enclosures import enclose
from app.discord.limits import BUTTON_LABEL, CONTENT, ROW_BUTTONS, ROWS, SELECT_OPTION, SELECT_OPTIONS
from app.discord.notation import NOTHING, SUBTEXT, escape, legible, prose
from app.discord.payloads import Choice, Payload, View, button, label_of, modal, row, select, text_input
from app.discord.rendering import cut, render
from app.discord.text import shows, units
from app.turns.asks import Asked
from app.turns.progress import Answered, Option, Question
from app.words.answer import ENCLOSED
from app.words.decisions import (
    ANSWER_IN_FILE,
    ANSWER_LABEL,
    ANSWER_SAID,
    ANSWER_TITLE,
    ANSWER_UNSAID,
    CHOOSE,
    CHOOSE_MANY,
    CHOOSE_ONE,
    CHOOSE_OR_REPLY,
    FREE,
    FROM_LISTS,
    LIST_RANGE,
    OPTION,
    OTHER,
    PRESS_OR_REPLY,
    SAID,
    UNSAID,
)

HEADER = 100
LEAST_TEXT = 400  # characters of a question, in any case
EARLIER, TOPIC, ANSWER = 3, 40, 80  # answers to earlier questions, and how long each may be
QUESTION, ANSWERS = "question.md", "answers.md"


def question(asked: Asked, question: Question, head: str, deadline: str) -> View:
    """The one that is to be answered next."""
    tail = [*_earlier(asked), SUBTEXT + _how(question), deadline]
    body, is_whole = _body(question, CONTENT - sum(units(line) + 1 for line in (head, *tail)))
    files = () if is_whole else (enclose(QUESTION, "\n".join(_source(question))),)
    return View("\n".join([head, *body, *tail]), tuple(_components(asked, question)), files)


def record(asked: Asked, questions: Sequence[Question], head: str, components: tuple[Payload, ...]) -> View:
    """What was asked and answered, once it is over."""
    answers = asked.decision.answers if isinstance(asked.decision, Answered) else asked.answers
    pairs = [(one, answers[n] if n < len(answers) else ()) for n, one in enumerate(questions)]
    whole = "\n".join([head, *(line for one, answer in pairs for line in (*_shown(one), _told(answer)))])
    if units(whole) <= CONTENT:
        return View(whole, components)
    lines = [head, _refers_to(ANSWERS)]
    lines[1:1] = _fitting((_briefly(*pair) for pair in pairs), CONTENT - sum(units(line) + 1 for line in lines))
    full = [
        line for one, answer in pairs for line in (*_source(one), ANSWER_IN_FILE.format(said=", ".join(answer)), "")
    ]
    return View("\n".join(lines), components, (enclose(ANSWERS, "\n".join(full)),))


def writing(custom_id: str, question: Question) -> Payload:
    """What a press of “Other…” is answered with."""
    title = question.header if shows(question.header) else ANSWER_TITLE
    return modal(custom_id, title, text_input("answer", ANSWER_LABEL, placeholder=question.text))


def labels(options: Sequence[Option], most: int) -> list[str]:
    """Something to see for each, in order; those that would look the same are numbered."""
    plain = [
        label_of(option.label if shows(option.label) else OPTION.format(number=number), most)
        for number, option in enumerate(options, 1)
    ]
    twice = {label for label in plain if plain.count(label) > 1}
    return [label_of(f"{n}. {label}", most) if label in twice else label for n, label in enumerate(plain, 1)]


def _components(asked: Asked, question: Question) -> Iterator[Payload]:
    key = f"{asked.turn}:{asked.ask.id}:{len(asked.answers)}"
    options, is_free = question.options, _is_free(question)
    write = [button(OTHER if options else FREE, f"write:{key}")] if is_free else []
    if len(options) < ROW_BUTTONS and not question.multiple:
        shown = labels(options, BUTTON_LABEL)
        yield row(*(button(label, f"answer:{key}:{number}") for number, label in enumerate(shown)), *write)
        return
    for number in range(min(ROWS - len(write), -(-len(options) // SELECT_OPTIONS))):
        yield row(_select(f"choose:{key}:{number}", question, number * SELECT_OPTIONS))
    if write:
        yield row(*write)


def _select(custom_id: str, question: Question, start: int) -> Payload:
    shown = labels(question.options, SELECT_OPTION)[start : start + SELECT_OPTIONS]
    choices = [Choice(label, str(start + n), _about(question.options[start + n])) for n, label in enumerate(shown)]
    words = CHOOSE_MANY if question.multiple else CHOOSE_ONE
    if len(question.options) > SELECT_OPTIONS:
        words = LIST_RANGE.format(choose=words, first=start + 1, last=start + len(choices))
    return select(custom_id, choices, placeholder=words, most=len(choices) if question.multiple else 1)


def _is_free(question: Question) -> bool:
    """Whether an answer in own words is possible: welcome, or the only way to give some of the answers."""
    return question.custom or not question.options or len(question.options) > ROWS * SELECT_OPTIONS


def _how(question: Question) -> str:
    if not question.options:
        return PRESS_OR_REPLY.format(button=FREE)
    choose = CHOOSE_MANY if question.multiple else CHOOSE_ONE
    if len(question.options) > SELECT_OPTIONS:
        choose = FROM_LISTS.format(choose=choose)
    return (CHOOSE_OR_REPLY if _is_free(question) else CHOOSE).format(choose=choose)


def _body(question: Question, room: int) -> tuple[list[str], bool]:
    """The question and, where the buttons do not say it all, its options. Whether that is the whole of it."""
    listing = list(_listing(question.options))
    whole = [*_shown(question), *listing]
    if sum(units(line) + 1 for line in whole) <= room:
        return whole, True
    lines, room = _heading(question), room - units(_refers_to(QUESTION)) - 1
    room -= sum(units(line) + 1 for line in lines)
    text_room = max(LEAST_TEXT, room - sum(units(line) + 1 for line in listing))
    lines += _rendered(question, text_room)[:1]
    room -= units(lines[-1]) + 1
    return [*lines, *_fitting(listing, room), _refers_to(QUESTION)], False


def _heading(question: Question) -> list[str]:
    return [f"**{prose(question.header, HEADER)}**"] if shows(question.header) else []


def _shown(question: Question) -> list[str]:
    return [*_heading(question), *_rendered(question)]


def _rendered(question: Question, limit: int = CONTENT) -> list[str]:
    """In pieces of so many characters; what is much too long for a message is cut before it costs time."""
    return cut(render(legible(question.text[: 2 * CONTENT])), limit) or [SUBTEXT + NOTHING]


def _listing(options: Sequence[Option]) -> Iterator[str]:
    """Every option in full, unless the buttons say all of it."""
    shown = labels(options, BUTTON_LABEL)
    if [option.label for option in options] == shown and not any(map(_about, options)):
        return
    for number, option in enumerate(options, 1):
        label = escape(legible(option.label)) if shows(option.label) else OPTION.format(number=number)
        yield f"{number}. **{label}**" + (f": {escape(legible(_about(option)))}" if _about(option) else "")


def _about(option: Option) -> str:
    """What its description says beyond its label: a model must write one, and often has nothing to say."""
    is_telling = shows(option.description) and option.description.strip().casefold() != option.label.strip().casefold()
    return option.description if is_telling else ""


def _source(question: Question) -> Iterator[str]:
    """All of it, for a file."""
    yield f"# {question.header}\n"
    yield question.text + "\n"
    for number, option in enumerate(question.options, 1):
        yield f"{number}. {option.label}" + (f": {option.description}" * shows(option.description))


def _earlier(asked: Asked) -> Iterator[str]:
    """The last answers that were given."""
    if not isinstance(asked.ask.about, tuple):
        return
    answered = list(zip(asked.ask.about, asked.answers, strict=False))
    yield from (_briefly(*pair, topic=TOPIC, most=ANSWER) for pair in answered[-EARLIER:])


def _briefly(question: Question, answer: Sequence[str], *, topic: int = HEADER, most: int = HEADER) -> str:
    asked = prose(question.header if shows(question.header) else question.text, topic)
    said = prose(", ".join(answer), most)
    return SUBTEXT + (SAID if said else UNSAID).format(asked=asked, said=said)


def _told(answer: Sequence[str]) -> str:
    said = escape(legible(", ".join(answer)))
    return SUBTEXT + (ANSWER_SAID if said else ANSWER_UNSAID).format(said=said)


def _refers_to(name: str) -> str:
    return SUBTEXT + ENCLOSED.format(file=name)


def _fitting(lines: Iterator[str] | Sequence[str], room: int) -> Iterator[str]:
    """The first ones, as many as there is room for."""
    for line in lines:
        room -= units(line) + 1
        if room < 0:
            return
        yield line
