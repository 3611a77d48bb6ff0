"""Everything the bot knows about Slack."""
