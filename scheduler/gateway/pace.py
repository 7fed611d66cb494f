"""How long everything takes that the shim waits for, in seconds: one record, so that a test can be quick."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    # towards the app
    beat: float = 15.0
    beat_again: float = 3.0  # after one that was not taken; doubled up to `beat`
    standby: float = 10.0  # another holds the lease
    overdue: float = 30.0  # that an event may wait before it is a problem
    retry: float = 0.1  # an event that was not taken; doubled up to
    longest_retry: float = 15.0
    ready: float = 600.0  # for the answer to READY: the app reads up on what was missed before it gives it
    answer: float = 30.0  # for any other
    short_answer: float = 10.0  # for a beat, and for the position
    # towards Discord
    reconnect: float = 0.5  # after a connection that did not last; doubled up to
    longest_reconnect: float = 60.0
    lasting: float = 5.0  # a connection that lived so long, did
    restart: float = 1.0  # after a session that did not last; doubled each time
    calm: float = 1.0  # after a defect, or another number of shards; doubled each time
    spacing: float = 5.0  # between IDENTIFYs of one bucket
    refused: float = 300.0  # the token is not accepted
    stopped: float = 900.0  # Discord will not have us at all
    # at the end
    drain: float = 3.0
    last_beat: float = 0.7


PACE = Pace()
