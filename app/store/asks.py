"""What agents asked people. The first decision counts, whoever comes with it and from wherever: a button, a reply."""

import json
from collections.abc import Collection, Sequence

from sqlite_utils import Database

from app.ids import AskId, MessageId, TurnId
from app.store.admission import insert
from app.store.desk import LIVE_STAGES
from app.store.leases import leased
from app.store.queue import update
from app.store.rows import asked_of_row, json_of_decision, row_of_ask, sound
from app.store.sqlite import Sqlite
from app.turns.asks import Asked, AskState
from app.turns.machine import Event, Stage, advance
from app.turns.progress import Ask, Decision
from app.turns.records import Request

OF_A_LIVE_TURN = f"turn IN (SELECT id FROM turns WHERE stage IN {LIVE_STAGES} AND stopped_by IS NULL)"  # noqa: S608


class SqliteAsks:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def note(self, turn: TurnId, token: str, ask: Ask, now: float, until: float) -> Asked:
        row = sound(row_of_ask(turn, ask, now, until))
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        insert = f"""
            INSERT INTO asks ({names}) VALUES ({values})
            ON CONFLICT (turn, id) DO UPDATE SET state = 'open' WHERE state = 'gone' AND decision IS NULL
        """  # noqa: S608

        def change(db: Database) -> Asked:
            leased(db, turn, token)
            db.execute(insert, row)
            return find(db, turn, ask.id)

        return await self._sqlite.write(change)

    async def note_message(
        self, turn: TurnId, token: str, ask: AskId, message: MessageId, shown: str | None = None
    ) -> Asked:
        def change(db: Database) -> Asked:
            leased(db, turn, token)
            query = "UPDATE asks SET message = ?, shown = ? WHERE turn = ? AND id = ?"
            db.execute(query, [message, shown, turn, ask])
            return find(db, turn, ask)

        return await self._sqlite.write(change)

    async def of_turn(self, turn: TurnId) -> Sequence[Asked]:
        query = "SELECT * FROM asks WHERE turn = ? ORDER BY position"
        return await self._sqlite.read(lambda db: [asked_of_row(row) for row in db.query(query, [turn])])

    async def settle(self, turn: TurnId, ask: AskId, state: AskState) -> Asked:
        query = "UPDATE asks SET state = ? WHERE turn = ? AND id = ? AND state IN ('open', 'decided')"

        def change(db: Database) -> Asked:
            db.execute(query, [state.value, turn, ask])
            return find(db, turn, ask)

        return await self._sqlite.write(change)

    async def expire(self, turn: TurnId, token: str, now: float) -> bool:
        late = """
            SELECT 1 FROM asks WHERE turn = :turn AND state = 'open' AND expires_at <= :now
            AND NOT EXISTS (SELECT 1 FROM asks WHERE turn = :turn AND state = 'decided')
        """

        def change(db: Database) -> bool:
            leased(db, turn, token)
            if is_late := bool(list(db.query(late, {"turn": turn, "now": now}))):
                db.execute("UPDATE asks SET state = 'gone' WHERE turn = ? AND state = 'open'", [turn])
                db.execute("UPDATE turns SET expired = 1 WHERE id = ?", [turn])
            return is_late

        return await self._sqlite.write(change)

    async def note_shown(self, asked: Asked) -> None:
        query = "UPDATE asks SET shown = ? WHERE turn = ? AND id = ?"
        await self._sqlite.write(lambda db: db.execute(query, [asked.look, asked.turn, asked.ask.id]))

    async def asked(self, turn: TurnId, ask: AskId) -> Asked | None:
        query = "SELECT * FROM asks WHERE turn = ? AND id = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [turn, ask])))
        return asked_of_row(rows[0]) if rows else None

    async def asked_in(self, message: MessageId) -> Asked | None:
        """What this message of ours asks."""
        rows = await self._sqlite.read(lambda db: list(db.query("SELECT * FROM asks WHERE message = ?", [message])))
        return asked_of_row(rows[0]) if rows else None

    async def forget(self, messages: Collection[MessageId], now: float) -> int:
        """Messages were deleted: what is open and was asked in them is asked anew by the next look. How many."""
        query = """
            UPDATE asks SET message = NULL, shown = NULL, asked_at = :now
            WHERE message IN (SELECT value FROM json_each(:messages)) AND state = 'open' RETURNING id
        """
        columns = {"messages": json.dumps(list(messages)), "now": now}
        return await self._sqlite.write(lambda db: len(list(db.query(query, columns))))

    async def decide(self, turn: TurnId, ask: AskId, decision: Decision, by: str) -> bool:
        """False when it has been decided already, or nobody waits for it any more."""

        def change(db: Database) -> bool:
            query = f"""
                UPDATE asks SET state = 'decided', decision = :decision, decided_by = :by
                WHERE turn = :turn AND id = :ask AND state = 'open' AND {OF_A_LIVE_TURN} RETURNING id
            """  # noqa: S608
            columns = {"turn": turn, "ask": ask, "decision": json_of_decision(decision), "by": by}
            return bool(list(db.query(query, sound(columns))))

        return await self._sqlite.write(change)

    async def answer(self, turn: TurnId, ask: AskId, question: int, choice: tuple[str, ...], by: str) -> bool:
        """Answer the question of this number; the last one decides. False when it has been answered already, or nobody
        waits for it any more."""

        return await self._sqlite.write(lambda db: take(db, find(db, turn, ask), question, choice, by))

    async def answer_by_reply(self, request: Request, asked: Asked, choice: tuple[str, ...], now: float) -> bool:
        """Answer its next question with a message, which is known from then on and never asked itself. False, and
        nothing written, when it is known already, the question has been answered, or nobody waits for it any more."""

        def change(db: Database) -> bool:
            if list(db.query("SELECT 1 FROM turns WHERE id = ?", [request.id])):
                return False
            if not take(db, find(db, asked.turn, asked.ask.id), len(asked.answers), choice, request.asker.name):
                return False
            insert(db, request, now)
            update(db, request.id, {"stage": advance(Stage.ADMITTED, Event.IGNORED).value, "ended_at": now})
            return True

        return await self._sqlite.write(change)


def take(db: Database, asked: Asked, question: int, choice: tuple[str, ...], by: str) -> bool:
    """Whether it counts: the question is the next one, and somebody waits."""
    if len(asked.answers) != question or asked.question is None:
        return False
    query = f"""
        UPDATE asks SET state = :state, answers = :answers, decision = :decision, decided_by = :by
        WHERE turn = :turn AND id = :ask AND state = 'open' AND {OF_A_LIVE_TURN} RETURNING id
    """  # noqa: S608
    decision = asked.decision_with(choice)
    columns = {
        "turn": asked.turn,
        "ask": asked.ask.id,
        "state": (AskState.DECIDED if decision else AskState.OPEN).value,
        "answers": json.dumps([*asked.answers, choice]),
        "decision": json_of_decision(decision) if decision else None,
        "by": by if decision else None,
    }
    return bool(list(db.query(query, sound(columns))))


def find(db: Database, turn: TurnId, ask: AskId) -> Asked:
    return asked_of_row(next(iter(db.query("SELECT * FROM asks WHERE turn = ? AND id = ?", [turn, ask]))))
