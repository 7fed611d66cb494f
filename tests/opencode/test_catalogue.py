"""What of a server's lists people are offered."""

from app.opencode.catalogue import entries_of
from app.turns.catalogue import Entry, Kind


def test_a_skill_is_no_command_though_the_server_lists_it_as_one() -> None:
    init = {"name": "init", "description": "guided\nsetup", "source": "command"}
    skill = {"name": "customize-opencode", "description": "Use ONLY when the user edits…", "source": "skill"}

    entries = entries_of((), (), (init, skill))

    assert entries == [Entry(Kind.COMMAND, "init", "guided setup")]
