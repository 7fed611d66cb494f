"""`/opencord`: a module for every subcommand, with its registration and its action."""
