"""What waits in a thread, and stopping what does not."""

AT_WORK = "At work: {question}"
NOTHING_WAITS = "Nothing waits in this thread."
NONE_OF_YOURS = "None of your questions waits in this thread. `/opencord queue list` shows what does."
NO_NUMBER = "Please say which question, and where to, as whole numbers from 1 on: `/opencord queue list` shows them."
NO_SUCH_QUESTION = "There is no question {number}: {most} questions wait. `/opencord queue list` shows them."
NO_SECOND_QUESTION = "There is no question {number}: 1 question waits. `/opencord queue list` shows it."
WAITS_NO_MORE = (
    "Nothing was moved: this question does not wait any more, because it has begun or somebody withdrew it. "
    "`/opencord queue list` shows what does."
)
STANDS_THERE = "It stands there already: nothing was moved."
MORE_WAIT = "…and {number} more."

YOURS_WITHDRAWN = "Withdrawn: {questions} of yours."
WITHDRAWN = "{by} withdrew {questions} that waited in this thread."
MOVED = "{by} moved {whose}, “{words}”, to place {place} of those that wait."
THEIR_OWN, SOMEBODYS = "their own question", "the question of {name}"

STOPPING = "It is being stopped. Its status message says when that is done."
ANSWER_ON_ITS_WAY = "It is too late to stop this: the answer is being sent already."
NOTHING_TO_STOP = "Nothing is at work in this thread, so there is nothing to stop."
