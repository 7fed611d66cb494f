"""`make demo` as somebody runs it, and those of the page's modules that need no browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.words.door import CHANNEL_MANAGERS_ONLY, OPERATORS_ONLY
from scripts.playground import demo_app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "scripts" / "playground" / "page"
DEMO = (sys.executable, "-m", "scripts.playground.demo")


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment whose temporary directory marks every process of the demo; none may be left at the end."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("OPENCODE_")}
    yield variables | {"TMPDIR": str(tmp_path), "DISCORD_TOKEN": "the operator's own", "ALLOWED_CHANNEL_IDS": "1"}
    for process in ours(tmp_path):
        process.kill()


def ours(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.environ().values(), *process.cmdline()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(folder) in word for word in words):
            found.append(process)
    return found


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.parametrize("provider", ["", "daytona"])
def test_a_prompt_gives_a_transcript_with_tools_and_an_answer(
    environ: dict[str, str], tmp_path: Path, provider: str
) -> None:
    done = run({**environ, "SANDBOX_PROVIDER": provider}, "--prompt", "list the files and write hello.py")

    assert done.returncode == 0, done.stderr
    assert "list the files and write hello.py" in done.stdout
    tools = done.stdout.partition("── tools that OpenCode")[2]
    assert "bash" in tools
    assert "hello.py" in tools
    assert "[completed]" in tools
    assert "scripted" in done.stderr or "script on this machine" in done.stderr
    assert ours(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_turn_that_fails_says_why_and_leaves_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    done = run(environ, "--prompt", "!fail 401")

    assert done.returncode == 1
    assert "demo: the turn failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert ours(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def serve(environ: dict[str, str], *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, *DEMO, "--port", str(demo_app.free_port())],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_one_url_until_it_is_told_to_end(told: int, environ: dict[str, str], tmp_path: Path) -> None:
    with serve(environ) as demo:
        assert demo.stdout
        url = demo.stdout.readline().strip()
        page = httpx.get(url, timeout=20, trust_env=False).text
        os.killpg(demo.pid, told)  # all of them at once, as a terminal does
        rest, _ = demo.communicate(timeout=30)

    assert url.startswith("http://127.0.0.1:")
    assert '<script type="module" src="/page/main.js">' in page
    assert rest == ""
    assert demo.returncode == 0
    assert ours(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_mention_is_answered_in_a_thread_where_one_then_just_writes(environ: dict[str, str], tmp_path: Path) -> None:
    with serve(environ) as demo, httpx.Client(trust_env=False, timeout=20) as http:
        assert demo.stdout
        play = f"{demo.stdout.readline().strip().partition('?')[0]}play"
        state = http.get(f"{play}/state").json()
        general, bot, me = state["channels"][0]["id"], state["application"]["id"], state["me"]["id"]
        asked = write(http, play, me, general, f"<@{bot}> list the files")
        first = answers(http, play, asked, bot, 1)
        write(http, play, me, asked, "write hello.py please")
        second = answers(http, play, asked, bot, 2)
        demo.terminate()
        demo.communicate(timeout=30)

    assert "ls" in first[-1]["content"]
    assert "hello.py" in second[-1]["content"]
    assert ours(tmp_path) == []


def test_who_plays_first_may_use_every_command_and_there_is_a_role_to_choose(environ: dict[str, str]) -> None:
    with serve(environ) as demo, httpx.Client(trust_env=False, timeout=20) as http:
        assert demo.stdout
        play = f"{demo.stdout.readline().strip().partition('?')[0]}play"
        state = http.get(f"{play}/state").json()
        (role,) = (role["id"] for role in state["roles"] if role["name"] == "Reviewers")
        approver = {"name": "channel", "type": 1, "options": [{"name": "approver", "type": 8, "value": role}]}
        settled = ran(http, play, state, {"name": "config", "type": 2, "options": [approver]})
        logs = ran(http, play, state, {"name": "admin", "type": 2, "options": [{"name": "logs", "type": 1}]})
        demo.terminate()
        demo.communicate(timeout=30)

    assert f"<@&{role}>" in settled
    assert logs not in (CHANNEL_MANAGERS_ONLY, OPERATORS_ONLY)


def ran(http: httpx.Client, play: str, state: Any, option: dict[str, Any]) -> str:
    """What the app said to a subcommand, once it has."""
    channel, me = state["channels"][0]["id"], state["me"]["id"]
    asked = {"channel_id": channel, "name": "opencord", "options": [option]}
    sent = http.post(f"{play}/users/{me}/commands", json=asked).raise_for_status().json()["interaction_id"]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for message in http.get(f"{play}/channels/{channel}/messages").raise_for_status().json():
            if (message.get("interaction_metadata") or {}).get("id") == sent and message["content"]:
                return str(message["content"])
        time.sleep(0.1)
    raise AssertionError("no answer to the command")


def write(http: httpx.Client, play: str, person: str, channel: str, content: str) -> str:
    sent = http.post(f"{play}/users/{person}/messages", json={"channel_id": channel, "content": content})
    return str(sent.raise_for_status().json()["id"])


def answers(http: httpx.Client, play: str, thread: str, bot: str, count: int) -> list[Any]:
    """The ends of what the bot has said in the thread, each of which mentions who asked, once they are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = http.get(f"{play}/channels/{thread}/messages")
        said = [message for message in found.json() if message["author"]["id"] == bot] if found.is_success else []
        if len(ends := [message for message in said if message["mentions"]]) >= count:
            return ends
        time.sleep(0.2)
    raise AssertionError(f"no {count} answers: {found.text}")


def test_nohup_keeps_it_alive_when_its_terminal_goes(environ: dict[str, str], tmp_path: Path) -> None:
    with serve(environ, "nohup") as demo:
        assert demo.stdout
        url = demo.stdout.readline().strip()
        os.killpg(demo.pid, signal.SIGHUP)
        page = httpx.get(f"{url.partition('?')[0]}play/state", timeout=20, trust_env=False)
        demo.terminate()
        demo.communicate(timeout=30)

    assert page.json()["me"]["username"] == "Ada"
    assert demo.returncode == 0
    assert ours(tmp_path) == []


@pytest.mark.parametrize("name", ["app", "scheduler"])
def test_it_ends_with_a_line_when_one_of_its_processes_dies(environ: dict[str, str], tmp_path: Path, name: str) -> None:
    with serve(environ) as demo:
        assert demo.stdout
        demo.stdout.readline()
        (one,) = [child for child in psutil.Process(demo.pid).children() if name in child.cmdline()]
        one.kill()
        _, errors = demo.communicate(timeout=30)

    assert demo.returncode == 1
    assert f"demo: the {name} ended with exit code -9" in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_that_the_app_refuses_is_told_at_once(environ: dict[str, str], tmp_path: Path) -> None:
    done = run(environ, "--prompt", " ")

    assert done.returncode == 1
    assert "only Ada sees this" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("demo: the app did not take the command")
    assert ours(tmp_path) == []


def test_an_unknown_provider_is_one_line(environ: dict[str, str], tmp_path: Path) -> None:
    done = run({**environ, "SANDBOX_PROVIDER": "cloud"}, "--prompt", "hello")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "demo: SANDBOX_PROVIDER must be daytona or local"
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_one_line(environ: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = run(environ, "--port", str(port))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"demo: port {port} is in use; choose another with --port"
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_opencode_is_one_line(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_app, "TOOLS", Path("/nowhere"))

    with pytest.raises(demo_app.Trouble) as trouble:
        demo_app.check_tools({"PATH": "/nowhere"})

    assert "OpenCode" in str(trouble.value)
    assert "make setup" in str(trouble.value)


def test_the_apps_environment_has_nothing_of_a_real_installation(tmp_path: Path) -> None:
    exported = {"DISCORD_TOKEN": "real", "DAYTONA_API_KEY": "real", "SANDBOX_REPO_URL": "git@host:real", "HOME": "/me"}

    variables = demo_app.environment(exported, tmp_path, 1, demo_app.scripted("http://127.0.0.1:2/v1", "scripted"))

    assert "real" not in " ".join(variables.values())
    assert variables["HOME"] == "/me"


def test_a_key_chooses_the_real_model() -> None:
    environ = {"OPENCODE_ZEN_API_KEY": "secret", "OPENCODE_MODEL": "opencode/some-model"}

    model = demo_app.real(environ)

    assert "opencode/some-model" in model.words
    assert "secret" not in model.words
    assert model.variables["OPENCODE_ZEN_API_KEY"] == "secret"


def test_leftovers_are_ended(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo up; read never"]
    environ = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    left = subprocess.Popen(command, env=environ, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert left.stdout is not None
    left.stdout.readline()  # it runs, and its environment can be read

    demo_app.end_leftovers(tmp_path)

    assert left.wait(timeout=10) != 0


# The page's pure modules, in node.


def js(module: str, expression: str) -> Any:
    """The value of `expression`, in which `m` is the module."""
    node = shutil.which("node")
    assert node, "node is one of the project's prerequisites"
    code = f"import * as m from './{module}'; console.log(JSON.stringify({expression}))"
    done = subprocess.run(
        [node, "--input-type=module", "-e", code], cwd=PAGE, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("**b** and *i*", [{"type": "strong", "inline": ["b"]}, " and ", {"type": "emphasis", "inline": ["i"]}]),
        ("***both***", [{"type": "strong", "inline": [{"type": "emphasis", "inline": ["both"]}]}]),
        ("snake_case_name and 2 * 3 * 4", ["snake_case_name and 2 * 3 * 4"]),
        ("`a **b**`", [{"type": "code", "text": "a **b**"}]),
        (r"\*no\*", ["*no*"]),
        ("<@12> <#3>", [{"type": "user", "id": "12"}, " ", {"type": "channel", "id": "3"}]),
        ("[x](javascript:alert)", ["[x](javascript:alert)"]),
        ("<b>x</b>", ["<b>x</b>"]),
        ("||s||", [{"type": "spoiler", "inline": ["s"]}]),
    ],
)
def test_inline_markdown_is_read_as_discord_does(text: str, tree: list[Any]) -> None:
    assert js("markdown.js", f"m.inline({json.dumps(text)})") == tree


def test_blocks_are_read_as_discord_does() -> None:
    text = "# Title\nfirst ```py\nx = 1\n``` then\n> quoted\n- a\n  - b\n1. c\n-# small"

    blocks = js("markdown.js", f"m.parse({json.dumps(text)})")

    kinds = [block["type"] for block in blocks]
    assert kinds == ["heading", "paragraph", "code", "paragraph", "quote", "list", "list", "subtext"]
    assert blocks[2] == {"type": "code", "language": "py", "text": "x = 1"}
    assert blocks[5]["items"][0]["list"]["items"][0]["inline"] == ["b"]
    assert blocks[6]["start"] == 1


def test_a_preview_is_one_line_with_its_times_and_names_and_without_marks() -> None:
    text = "-# 🧠 **Thinking** · <t:5:R>\n## Plan\n- ask <@12>\n  - `ls`\n```py\nx = 1\n```"

    nodes = js("markdown.js", f"m.flat({json.dumps(text)})")

    shown = "".join(node if isinstance(node, str) else f"[{node['type']}]" for node in nodes)
    assert " ".join(shown.split()) == "🧠 Thinking · [time] Plan ask [user] ls x = 1"


def test_an_unclosed_fence_stays_text_and_is_quick() -> None:
    text = "```py\n" + "x\n" * 900

    started = time.monotonic()
    blocks = js("markdown.js", f"m.parse({json.dumps(text)})")

    assert [block["type"] for block in blocks] == ["paragraph"]
    assert time.monotonic() - started < 5


def test_the_highlighter_loses_no_character() -> None:
    code = "def f(x):  # it's\n    return \"a'b\" + 0x1F\n"

    tokens = js("highlight.js", f"m.tokens({json.dumps(code)}, 'py')")

    assert "".join(token["text"] for token in tokens) == code
    assert {"kind": "keyword", "text": "def"} in tokens
    assert {"kind": "comment", "text": "# it's"} in tokens


COMMANDS = [
    {
        "name": "opencord",
        "description": "",
        "options": [
            {
                "name": "ask",
                "type": 1,
                "description": "Ask",
                "options": [
                    {"name": "prompt", "type": 3, "required": True, "description": "What"},
                    {"name": "limit", "type": 4, "min_value": 1, "description": "How many"},
                ],
            },
            {"name": "status", "type": 1, "description": "Status"},
        ],
    }
]


def test_a_typed_command_becomes_discords_option_tree() -> None:
    parsed = f"m.parseTyped(m.runnable({json.dumps(COMMANDS)}), '/opencord ask prompt: fix the bug limit: 3')"

    tree = js("commands.js", f"(({{command, values}}) => m.tree(command, values))({parsed})")

    options = [{"name": "prompt", "type": 3, "value": "fix the bug"}, {"name": "limit", "type": 4, "value": 3}]
    assert tree == [{"name": "ask", "type": 1, "options": options}]


def test_what_a_command_lacks_is_named() -> None:
    ask = f"m.runnable({json.dumps(COMMANDS)})[0]"

    assert js("commands.js", f"m.problem({ask}, {{prompt: ' '}})") == {
        "option": "prompt",
        "error": "This option is required",
    }
    assert js("commands.js", f"m.problem({ask}, {{prompt: 'x', limit: '0'}}).error") == "Not less than 1"
    assert js("commands.js", f"m.problem({ask}, {{prompt: 'x', limit: '2'}})") is None


PEOPLE = [
    {"id": "1", "username": "Ada"},
    {"id": "2", "username": "OpenCord", "bot": True},
    {"id": "3", "username": "Adam"},
]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("@OpenCord list the files", "<@2> list the files"),
        ("@opencord, and @Adam (not @Ada)", "<@2>, and <@3> (not <@1>)"),
        ("`@Ada` @Ada ```\n@Ada\n```", "`@Ada` <@1> ```\n@Ada\n```"),
        ("mail@Ada @Adams @everyone <@2>", "mail@Ada @Adams @everyone <@2>"),
    ],
)
def test_names_become_mentions_when_they_are_sent(text: str, sent: str) -> None:
    assert js("mentions.js", f"m.encoded({json.dumps(text)}, {json.dumps(PEOPLE)})") == sent


def test_mentions_become_names_when_they_are_edited() -> None:
    assert js("mentions.js", f"m.decoded('<@2> and <@!1>, <@9>', {json.dumps(PEOPLE)})") == "@OpenCord and @Ada, <@9>"


@pytest.mark.parametrize(("text", "typed"), [("@", ""), ("hey @Op", "Op"), ("a@b", None), ("@Ada hello", "Ada hello")])
def test_a_name_is_looked_for_from_the_at_sign_on(text: str, typed: str | None) -> None:
    assert js("mentions.js", f"m.typedAtEnd({json.dumps(text)}) ?? null") == typed


def test_the_app_is_offered_first() -> None:
    names = js("mentions.js", f"m.namedLike({json.dumps(PEOPLE)}, '').map((it) => it.username)")

    assert names == ["OpenCord", "Ada", "Adam"]


WORLD = """(() => {
  const world = new m.World();
  const person = (id, more) => ({id, username: 'p' + id, ...more});
  const plain = {channel_id: '10', author: person('2', {bot: true}), type: 0, flags: 0, content: ''};
  const message = (id, more) => ({...plain, id, ...more});
  world.load({
    me: person('1'), guild: {id: '5', name: 'G'}, application: {bot: person('2', {bot: true})}, commands: [], roles: [],
    people: [person('1'), person('2', {bot: true})], channels: [{id: '10', name: 'general', type: 0}],
  });
  world.fill('10', [], {whole: true});
  STEPS
})()"""


def world(steps: str) -> Any:
    """What `steps` return, in which `world` is a World with one empty channel."""
    return js("state.js", WORLD.replace("STEPS", steps))


def test_a_failure_that_is_heard_before_the_press_is_answered_is_not_lost() -> None:
    why = world("""
        world.hear({t: 'INTERACTION_FAILED', d: {id: '7', why: 'too late'}});
        world.awaitAnswer('7', {kind: 'command', channel: '10', name: 'opencord ask'});
        return world.waitingIn('10', 'command')[0].why;
    """)

    assert why == "too late"


def test_a_command_stops_waiting_when_its_reply_is_there_in_whatever_order() -> None:
    left = world("""
        const hear = (id, asked) =>
            world.hear({t: 'MESSAGE_CREATE', d: message(id, {type: 20, interaction_metadata: {id: asked}})});
        world.awaitAnswer('7', {kind: 'command', channel: '10', name: 'a'});
        hear('20', '7');
        hear('21', '8');
        world.awaitAnswer('8', {kind: 'command', channel: '10', name: 'b'});
        return world.waitingIn('10', 'command').length;
    """)

    assert left == 0


def test_a_thread_counts_its_messages_as_a_client_does() -> None:
    thread = world("""
        world.hear({t: 'THREAD_CREATE', d: {id: '30', name: 't', type: 11, parent_id: '10', message_count: 0}});
        world.hear({t: 'MESSAGE_CREATE', d: message('31', {channel_id: '30', type: 21})});
        world.hear({t: 'MESSAGE_CREATE', d: message('32', {channel_id: '30', mentions: [{id: '1'}]})});
        return {count: world.channels.get('30').message_count, mentions: world.unread.get('30')};
    """)

    assert thread == {"count": 1, "mentions": 1}


THREAD = """
    const inside = (id, more) => message(id, {channel_id: '30', content: id, ...more});
    const hear = (t, d) => world.hear({t, d});
    const thread = {id: '30', name: 't', type: 11, parent_id: '10', message_count: 0, newly_created: true};
    hear('THREAD_CREATE', thread);
    hear('MESSAGE_CREATE', inside('31', {type: 21}));
    const seen = () => [world.channels.get('30').message_count, world.latest('30')?.content ?? null];
"""


def test_a_thread_that_was_never_opened_tells_its_last_message() -> None:
    seen = world(f"""{THREAD}
        const states = [seen()];
        hear('MESSAGE_CREATE', inside('32'));
        states.push(seen());
        hear('MESSAGE_CREATE', inside('33'));
        hear('MESSAGE_UPDATE', inside('33', {{content: 'edited'}}));
        states.push(seen());
        hear('MESSAGE_DELETE', {{id: '33', channel_id: '30'}});
        return [...states, seen()];
    """)

    assert seen == [[0, None], [1, "32"], [2, "edited"], [1, "32"]]


def test_a_channel_that_is_deleted_takes_its_threads_with_it() -> None:
    left = world(f"""{THREAD}
        hear('CHANNEL_DELETE', {{id: '10'}});
        return [...world.channels.keys()];
    """)

    assert left == []


def test_what_only_one_can_see_is_neither_counted_nor_previewed() -> None:
    seen = world(f"""{THREAD}
        hear('MESSAGE_CREATE', inside('32'));
        hear('MESSAGE_CREATE', inside('33', {{flags: 64}}));
        const before = seen();
        hear('MESSAGE_DELETE', {{id: '33', channel_id: '30'}});
        return [before, seen()];
    """)

    assert seen == [[1, "32"], [1, "32"]]


def test_no_message_text_can_become_markup() -> None:
    unsafe = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")

    found = [(path.name, word) for path in PAGE.glob("*.js") for word in unsafe if word in path.read_text()]

    assert found == []


def test_the_page_fetches_nothing_from_elsewhere() -> None:
    outside = [
        path.name
        for path in PAGE.iterdir()
        for line in path.read_text().splitlines()
        if ("src=" in line or "url(" in line or "@import" in line or "import(" in line) and "//" in line
    ]

    assert outside == []
