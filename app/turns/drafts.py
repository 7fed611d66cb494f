"""What was chosen before a prompt was written in a form: the form itself comes back with nothing but the text. Pure."""

from dataclasses import dataclass, field

from app.ids import ChannelId, ThreadId, UserId
from app.turns.preferences import Values
from app.turns.records import About, Attachment


@dataclass(frozen=True, slots=True)
class Draft:
    asker: UserId
    at: ThreadId | ChannelId  # where its form was opened
    wishes: Values = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    private: bool = False
    about: About | None = None
