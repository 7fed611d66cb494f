"""Everything that a person can read of us, and nothing else: constants, and templates with named fields. What happened
comes first, then what to do next. “I” is the bot, “OpenCode” the agent.

One module for each place where somebody meets the words:

- `door`: who may, and from where; commands, options and buttons that mean nothing; what may work in a moment
- `asking`: the first greeting, the forms, and what stands above a question
- `turn`: a turn's status message and its buttons, the summary, and what a press there is answered with
- `status`: what `/opencord status` tells
- `answer`: what stands beside an answer: its files, what is left out, what goes on elsewhere
- `decisions`: what the agent asks people, how they decide, and what they decided
- `queue`: what waits in a thread, and stopping what does not
- `session`: what was changed, undone and said so far: diff, undo, compact, context, todo, and where else there is work
- `forking`: a thread that goes on from another, and what came along
- `settings`: what may be set, for whom, and what cannot be
- `machine`: the thread's machine: its states, pause, resume, reset, and what goes wrong with it
- `workspace`: what people reach of a machine themselves: files, a shell, the log, a preview
- `apologies`: what OpenCode, its model or git could not do
- `refusals`: what Discord refused
- `amounts`: so many of something

What lies elsewhere: descriptions in a command's registration, what is told to a model, and the log.

This is below everything else, and imports nothing of it. So tables have the values of the enumerations as keys, which
are strings; `tests/words` holds them to each other, and finds sentences outside of here.
"""
