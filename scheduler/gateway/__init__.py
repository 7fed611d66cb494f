"""The ear: one Gateway connection per shard, and what comes over it handed to the app, in order, until it has it."""
