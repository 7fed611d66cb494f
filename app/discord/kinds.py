"""The types of channels and of messages, as far as we tell them apart.
https://docs.discord.com/developers/resources/channel#channel-object-channel-types
https://docs.discord.com/developers/resources/message#message-object-message-types"""

TEXT, ANNOUNCEMENT, FORUM, MEDIA = 0, 5, 15, 16
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
OPENS_THREADS = frozenset({TEXT, ANNOUNCEMENT})  # a thread can start from a message there
HOLDS_POSTS = frozenset({FORUM, MEDIA})  # a thread there begins with its own first message

THREAD_STARTER = 21  # a message: nothing but a reference to the one that its thread hangs on
