"""Whatever breaks, and whenever: the app gets every event of a session once, in order, or a new READY.

Discord, the app and the network are models here, played by Hypothesis; the conversation, the backlog and the position
are the real ones, without sockets and without time.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.gateway.backlog import Backlog
from scheduler.gateway.closings import Move
from scheduler.gateway.protocol import Close, Conversation, Event, Identity, Send
from scheduler.gateway.session import Session, parse_position

JITTER = 0.5


@dataclass(slots=True)
class Remembered:
    """A session on Discord's side: everything it dispatched, from READY on."""

    id: str
    events: list[str] = field(default_factory=list)

    def dispatch(self, name: str) -> str:
        self.events.append(name)
        return self.frame(len(self.events))

    def frame(self, s: int) -> str:
        ready = {"session_id": self.id, "resume_gateway_url": "wss://resume.test"}
        name = self.events[s - 1]
        return json.dumps({"op": 0, "t": name, "s": s, "d": ready if name == "READY" else {}})


class Broken(RuleBasedStateMachine):
    """One event in three is not relayed, as most are not."""

    @initialize()
    def begin(self) -> None:
        self.sessions: dict[str, Remembered] = {}
        self.wire: list[str] = []  # what Discord has sent and nobody has read
        self.live: Remembered | None = None
        self.committed: list[tuple[str, int, str]] = []  # what the app admitted, in order
        self.came_again: list[tuple[str, int]] = []
        self.unheard: set[tuple[str, int]] = set()  # admitted, but the answer was lost
        self.position: dict[str, Any] = {}
        self.now, self.begun = 0.0, 0
        self.start_process()

    # the shim

    def start_process(self) -> None:
        session = parse_position(self.position)
        self.backlog = Backlog(session)
        self.session: Session | None = session
        self.connect()

    def connect(self) -> None:
        self.wire, self.live = [], None
        self.talk = Conversation(Identity("t", (0, 1)), self.session, self.now, JITTER)
        self.do(self.talk.receive('{"op": 10, "d": {"heartbeat_interval": 40000}}', self.now))

    def do(self, actions: list[Any]) -> None:
        for action in actions:
            match action:
                case Send(text):
                    self.hear(json.loads(text))
                case Event(at, name, _):
                    last = self.backlog.received
                    assert last is None or last.id != at.id or last.s < at.s, "it hands out an event twice"
                    self.backlog.take(at, name, None if name == "NOISE" else b"body")
                case Close():
                    self.hang_up(None)

    def hang_up(self, code: int | None) -> None:
        verdict = self.talk.closed(code)
        self.session = self.talk.session
        assert (verdict.move is Move.RESUME) == (self.session is not None)
        self.connect()

    # Discord

    def hear(self, frame: dict[str, Any]) -> None:
        if frame["op"] == 2:
            self.begun += 1
            self.live = Remembered(f"session {self.begun}")
            self.sessions[self.live.id] = self.live
            self.wire.append(self.live.dispatch("READY"))
        elif frame["op"] == 6:
            self.resume(frame["d"]["session_id"], frame["d"]["seq"])

    def resume(self, id: str, seq: int) -> None:
        session = self.sessions.get(id)
        if session is None:
            self.wire.append('{"op": 9, "d": false}')
            return
        assert seq <= len(session.events), "it asks for what never was"
        self.live = session
        self.wire += [session.frame(s) for s in range(seq + 1, len(session.events) + 1)]
        self.wire.append(session.dispatch("RESUMED"))

    @rule(name=st.sampled_from(["MESSAGE", "MESSAGE", "NOISE"]), times=st.integers(1, 4))
    def something_happens(self, name: str, times: int) -> None:
        """Sessions without a connection remember it too."""
        for _ in range(times):
            for session in self.sessions.values():
                frame = session.dispatch(name)
                if session is self.live:
                    self.wire.append(frame)

    @rule(frames=st.integers(1, 8), twice=st.booleans())
    def frames_arrive(self, frames: int, twice: bool) -> None:
        for _ in range(frames):
            if self.wire:
                talk, frame = self.talk, self.wire.pop(0)
                self.do(talk.receive(frame, self.now))
                if twice and talk is self.talk:
                    self.do(talk.receive(frame, self.now))

    @rule(code=st.sampled_from([None, 1000, 1001, 4000, 4002, 4008, 4007, 4009]))
    def the_connection_ends(self, code: int | None) -> None:
        if code in (4007, 4009) and self.live:
            del self.sessions[self.live.id]
        self.hang_up(code)

    @rule(frame=st.sampled_from(['{"op": 7}', '{"op": 9, "d": true}', '{"op": 9, "d": false}', "{", '{"op": 1}']))
    def a_frame_of_control_arrives(self, frame: str) -> None:
        if '"d": false' in frame and self.live:
            del self.sessions[self.live.id]
        self.do(self.talk.receive(frame, self.now))

    @rule()
    def discord_forgets_everything(self) -> None:
        self.sessions.clear()
        self.live, self.wire = None, []

    @rule(seconds=st.sampled_from([1.0, 25.0, 90.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.do(self.talk.tick(self.now))

    # the process and the app

    @rule()
    def the_process_dies(self) -> None:
        self.start_process()

    @precondition(lambda self: self.backlog.first)
    @rule(times=st.integers(1, 5))
    def the_app_takes_some(self, times: int) -> None:
        for _ in range(times):
            if self.backlog.first:
                self.the_app_takes_one(answered=True)

    @precondition(lambda self: self.backlog.first)
    @rule(answered=st.booleans())
    def the_app_takes_one(self, answered: bool) -> None:
        entry = self.backlog.first
        assert entry
        key = (entry.at.id, entry.at.s)
        if key in {(id, s) for id, s, _ in self.committed}:
            self.came_again.append(key)
        else:
            self.committed.append((*key, entry.name))
            self.move(entry.at)
        if answered:
            self.backlog.commit()
        else:
            self.unheard.add(key)

    @rule()
    def a_beat_is_taken(self) -> None:
        if at := self.backlog.committed:
            self.move(at)

    def move(self, at: Session) -> None:
        if self.position.get("session_id") == at.id:
            self.position["s"] = max(self.position["s"], at.s)
        elif at.id not in {id for id, _, _ in self.committed[:-1]}:
            self.position = {"session_id": at.id, "resume_gateway_url": at.noted_url, "s": at.s}

    # what must hold

    @invariant()
    def nothing_is_skipped_within_a_session(self) -> None:
        """What was committed of a session has no hole, but for what is not relayed."""
        for id in {id for id, _, _ in self.committed}:
            taken = [s for other, s, _ in self.committed if other == id]
            assert taken == sorted(taken)
            if id in self.sessions:
                meant = self.sessions[id].events[: taken[-1]]
                assert taken == [s for s, name in enumerate(meant, 1) if name != "NOISE"]

    @invariant()
    def a_session_begins_with_ready_and_none_comes_back(self) -> None:
        order = [id for id, _, _ in self.committed]
        firsts = {id: name for id, _, name in reversed(self.committed)}
        assert set(firsts.values()) <= {"READY"}
        assert sum(1 for before, after in zip([None, *order], order, strict=False) if before != after) == len(firsts)

    @invariant()
    def only_what_was_admitted_without_an_answer_comes_twice(self) -> None:
        assert set(self.came_again) <= self.unheard

    @invariant()
    def the_position_never_runs_ahead_of_what_was_committed(self) -> None:
        if self.position and (session := self.sessions.get(self.position["session_id"])):
            due = [s for s, name in enumerate(session.events[: self.position["s"]], 1) if name != "NOISE"]
            assert due == [s for id, s, _ in self.committed if id == session.id and s <= self.position["s"]]

    def teardown(self) -> None:
        """When nothing breaks any more, everything that Discord still knows arrives."""
        if not hasattr(self, "talk"):
            return
        self.the_connection_ends(None)
        for _ in range(200):
            self.frames_arrive(50, twice=False)
        while self.backlog.first:
            self.the_app_takes_one(answered=True)
        assert self.live
        taken = [s for id, s, _ in self.committed if id == self.live.id]
        assert taken == [s for s, name in enumerate(self.live.events, 1) if name != "NOISE"]


TestWhateverBreaks = Broken.TestCase
TestWhateverBreaks.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
