"""The schema, as the numbered steps that lead to it. Steps that have been released are never changed, only followed.

The invariants that matter live here, as CHECKs and partial unique indexes, so that no defect elsewhere can break them:
past the queue a thread has one turn at work and one at the model, a turn is followed by one live turn, an ended turn
holds no lease and no files, what was prompted has a session.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("opencord")


def migrate(database: Database) -> None:
    migrations.apply(database)


@migrations(name="0001_turns")
def turns(database: Database) -> None:
    database.executescript(
        """
        CREATE TABLE turns (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            source TEXT NOT NULL CHECK (source IN ('command', 'message')),
            guild TEXT NOT NULL,
            channel TEXT NOT NULL,
            thread TEXT,
            category TEXT,
            asker TEXT NOT NULL,
            asker_name TEXT NOT NULL,
            asker_roles TEXT NOT NULL CHECK (json_valid(asker_roles)),
            prompt TEXT NOT NULL,
            interaction_token TEXT,
            stage TEXT NOT NULL CHECK (stage IN (
                'admitted', 'accepted', 'threaded', 'prompted', 'answered',
                'delivered', 'ignored', 'cancelled', 'failed')),
            admitted_at REAL NOT NULL,
            due_at REAL NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            losses INTEGER NOT NULL DEFAULT 0 CHECK (losses >= 0),
            failing_since REAL,
            interruptions INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0),
            opener TEXT,
            session TEXT,
            answer TEXT,
            failure TEXT,
            lease_token TEXT,
            lease_until REAL,
            CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
            CHECK (lease_token IS NULL OR stage IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered')),
            CHECK (thread IS NOT NULL OR stage IN ('admitted', 'accepted', 'ignored', 'cancelled', 'failed')),
            CHECK (session IS NOT NULL OR stage <> 'prompted'),
            CHECK (answer IS NOT NULL OR stage NOT IN ('answered', 'delivered'))
        );
        CREATE UNIQUE INDEX one_turn_at_the_model ON turns (thread) WHERE stage IN ('prompted', 'answered');
        CREATE UNIQUE INDEX one_turn_at_work ON turns (thread)
            WHERE lease_token IS NOT NULL AND stage IN ('threaded', 'prompted', 'answered');
        CREATE INDEX live_turns ON turns (position)
            WHERE stage IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered');
        CREATE INDEX live_turns_of_a_thread ON turns (thread, position)
            WHERE stage IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered');
        CREATE INDEX leased_turns ON turns (lease_until) WHERE lease_token IS NOT NULL;
        CREATE INDEX turns_of_a_thread ON turns (thread);

        CREATE TABLE parcels (
            turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
            ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
            content TEXT NOT NULL,
            nonce TEXT NOT NULL UNIQUE CHECK (length(nonce) BETWEEN 1 AND 25),
            message TEXT UNIQUE,
            PRIMARY KEY (turn, ordinal)
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0002_sandboxes")
def sandboxes(database: Database) -> None:
    database.executescript(
        """
        CREATE TABLE sandboxes (
            thread TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN (
                'creating', 'active', 'pausing', 'paused', 'resuming', 'destroying', 'destroyed', 'error')),
            ref TEXT UNIQUE,
            password TEXT,
            session TEXT,
            resume_failures INTEGER NOT NULL DEFAULT 0 CHECK (resume_failures >= 0),
            last_error TEXT,
            changed_at REAL NOT NULL,
            active_at REAL NOT NULL,
            CHECK (state <> 'active' OR (ref IS NOT NULL AND password IS NOT NULL))
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0003_channels")
def channels(database: Database) -> None:
    database.executescript(
        """
        CREATE TABLE channels (
            id TEXT PRIMARY KEY,
            category TEXT,
            caught_up_to TEXT CHECK (caught_up_to GLOB '[0-9]*')
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0004_holds")
def holds(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE sandboxes ADD COLUMN holder TEXT
            CHECK (holder IS NULL OR state IN ('creating', 'pausing', 'resuming', 'destroying'));
        ALTER TABLE sandboxes ADD COLUMN held_until REAL CHECK ((holder IS NULL) = (held_until IS NULL));
        CREATE INDEX standing_sandboxes ON sandboxes (thread) WHERE state <> 'destroyed';

        CREATE TABLE store (name TEXT NOT NULL);
        INSERT INTO store VALUES (lower(hex(randomblob(8))));
        """
    )


@migrations(name="0005_messages")
def messages(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN addressed TEXT NOT NULL DEFAULT 'us'
            CHECK (addressed IN ('us', 'others', 'everyone', 'nobody'));
        ALTER TABLE turns ADD COLUMN vague INTEGER NOT NULL DEFAULT 0 CHECK (vague IN (0, 1));

        ALTER TABLE turns ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
        ALTER TABLE turns ADD COLUMN starts INTEGER NOT NULL DEFAULT 0 CHECK (starts IN (0, 1));
        UPDATE turns SET starts = 1 WHERE opener = thread;

        ALTER TABLE sandboxes ADD COLUMN guild TEXT;
        ALTER TABLE sandboxes ADD COLUMN channel TEXT;
        ALTER TABLE sandboxes ADD COLUMN doomed_at REAL;
        UPDATE sandboxes SET
            guild = (SELECT guild FROM turns WHERE turns.thread = sandboxes.thread),
            channel = (SELECT channel FROM turns WHERE turns.thread = sandboxes.thread);

        ALTER TABLE channels ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));

        ALTER TABLE store ADD COLUMN begun_at REAL;
        ALTER TABLE store ADD COLUMN caught_up_at REAL;
        UPDATE store SET begun_at = strftime('%s', 'now');

        CREATE INDEX turns_of_a_guild ON turns (guild, thread);

        CREATE TABLE guilds (
            id TEXT PRIMARY KEY,
            joined_at REAL,
            gone_at REAL,
            authorised TEXT,
            welcomed TEXT
        ) WITHOUT ROWID;

        CREATE TABLE shards (
            shard INTEGER NOT NULL,
            shards INTEGER NOT NULL CHECK (shard >= 0 AND shard < shards),
            holder TEXT,
            held_until REAL,
            beat INTEGER NOT NULL DEFAULT 0,
            alive_at REAL,
            problem TEXT,
            notice TEXT,
            PRIMARY KEY (shard, shards),
            CHECK ((holder IS NULL) = (held_until IS NULL))
        ) WITHOUT ROWID;

        CREATE TABLE gateway_sessions (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            shard INTEGER NOT NULL,
            shards INTEGER NOT NULL,
            resume_url TEXT,
            seq INTEGER NOT NULL CHECK (seq >= 0),
            moved_at REAL NOT NULL
        );
        """
    )


@migrations(name="0006_conversation")
def conversation(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(attachments));
        ALTER TABLE turns ADD COLUMN status TEXT;
        ALTER TABLE turns ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
        ALTER TABLE turns ADD COLUMN begun_at REAL;
        ALTER TABLE turns ADD COLUMN ended_at REAL;
        ALTER TABLE turns ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE turns ADD COLUMN stopped_by TEXT;
        ALTER TABLE turns ADD COLUMN gave_up INTEGER NOT NULL DEFAULT 0 CHECK (gave_up IN (0, 1));
        ALTER TABLE turns ADD COLUMN ending TEXT
            CHECK (ending IS NULL OR (stage = 'cancelled' AND ending IN ('stopped', 'expired', 'withdrawn', 'reset')));
        CREATE INDEX unclosed_turns ON turns (position) WHERE status IS NOT NULL AND NOT closed;

        ALTER TABLE parcels ADD COLUMN notify TEXT;
        ALTER TABLE parcels ADD COLUMN part TEXT;

        CREATE TABLE files (
            turn TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 9),
            name TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (turn, ordinal, number),
            FOREIGN KEY (turn, ordinal) REFERENCES parcels (turn, ordinal) ON DELETE CASCADE
        );

        CREATE TABLE handed_out (
            thread TEXT NOT NULL,
            path TEXT NOT NULL,
            mark TEXT NOT NULL,
            PRIMARY KEY (thread, path, mark)
        ) WITHOUT ROWID;

        CREATE TABLE asks (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            about TEXT NOT NULL CHECK (json_valid(about)),
            state TEXT NOT NULL CHECK (state IN ('open', 'decided', 'settled', 'gone')),
            asked_at REAL NOT NULL,
            expires_at REAL NOT NULL,
            message TEXT UNIQUE,
            answers TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(answers)),
            decision TEXT CHECK (decision IS NULL OR json_valid(decision)),
            decided_by TEXT,
            shown TEXT,
            UNIQUE (turn, id),
            CHECK ((decision IS NULL) = (decided_by IS NULL)),
            CHECK (decision IS NOT NULL OR state NOT IN ('decided', 'settled'))
        );

        CREATE TABLE preferences (
            thread TEXT PRIMARY KEY,
            verbosity TEXT NOT NULL CHECK (verbosity IN ('quiet', 'normal', 'verbose'))
        ) WITHOUT ROWID;
        """
    )


# An answer that was taken before anybody was notified of one ends with a message that does nothing else: the others may
# have been posted already, and are found again by what they say.
@migrations(name="0007_origins")
def origins(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE parcels ADD COLUMN named TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(named));
        ALTER TABLE files ADD COLUMN path TEXT;
        ALTER TABLE files ADD COLUMN mark TEXT CHECK ((path IS NULL) = (mark IS NULL));
        DELETE FROM handed_out WHERE thread NOT IN (SELECT thread FROM sandboxes WHERE state <> 'destroyed');

        CREATE TRIGGER an_ended_turn_keeps_no_files AFTER UPDATE OF stage ON turns
        WHEN NEW.stage NOT IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered')
        BEGIN DELETE FROM files WHERE turn = NEW.id; END;
        DELETE FROM files WHERE turn IN (SELECT id FROM turns
            WHERE stage NOT IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered'));

        INSERT INTO parcels (turn, ordinal, content, nonce, notify)
        SELECT id, next, '-# <@' || asker || '>', id || '-' || next, asker FROM (
            SELECT turns.id, turns.asker, max(parcels.ordinal) + 1 AS next
            FROM turns JOIN parcels ON parcels.turn = turns.id
            WHERE turns.stage = 'answered'
            GROUP BY turns.id
            HAVING max(parcels.message IS NULL) AND max(parcels.notify) IS NULL
        );

        UPDATE turns SET begun_at = admitted_at
        WHERE begun_at IS NULL AND (session IS NOT NULL OR stage IN ('prompted', 'answered', 'delivered'));
        """
    )


@migrations(name="0008_follows")
def follows(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN follows TEXT;
        CREATE UNIQUE INDEX one_turn_that_follows ON turns (follows)
            WHERE follows IS NOT NULL AND stage IN ('admitted', 'accepted', 'threaded', 'prompted', 'answered');
        """
    )


@migrations(name="0009_endings")
def endings(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN expired INTEGER NOT NULL DEFAULT 0 CHECK (expired IN (0, 1));
        ALTER TABLE turns ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
        """
    )


@migrations(name="0010_preferences")
def preferences(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN wishes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(wishes));
        ALTER TABLE turns ADD COLUMN private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1));

        ALTER TABLE preferences RENAME TO verbosities;
        CREATE TABLE preferences (
            place TEXT NOT NULL,
            name TEXT NOT NULL CHECK (name IN (
                'repository', 'branch', 'model', 'agent', 'routing', 'verbosity', 'approver')),
            value TEXT NOT NULL CHECK (value <> ''),
            guild TEXT NOT NULL,
            settled_at REAL NOT NULL,
            PRIMARY KEY (place, name)
        ) WITHOUT ROWID;
        INSERT INTO preferences (place, name, value, guild, settled_at)
            SELECT thread, 'verbosity', verbosity, coalesce(
                (SELECT guild FROM turns WHERE turns.thread = verbosities.thread), ''), strftime('%s', 'now')
            FROM verbosities;
        DROP TABLE verbosities;
        CREATE INDEX preferences_of_a_guild ON preferences (guild, name, settled_at);

        CREATE TABLE catalogue (
            kind TEXT NOT NULL CHECK (kind IN ('model', 'agent', 'command')),
            name TEXT NOT NULL,
            about TEXT NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (kind, name)
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0011_drafts")
def drafts(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN about TEXT CHECK (about IS NULL OR json_valid(about));

        CREATE TABLE drafts (
            id TEXT PRIMARY KEY,
            content TEXT NOT NULL CHECK (json_valid(content)),
            kept_at REAL NOT NULL
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0012_forks")
def forks(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN fork TEXT CHECK (fork IS NULL OR json_valid(fork));
        """
    )


@migrations(name="0014_plain")
def plain(database: Database) -> None:
    database.executescript(
        """
        ALTER TABLE turns ADD COLUMN plain INTEGER NOT NULL DEFAULT 0 CHECK (plain IN (0, 1));
        UPDATE turns SET plain = 1 WHERE source = 'message';
        """
    )
