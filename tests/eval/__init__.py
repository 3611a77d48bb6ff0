"""`make eval`: how well a model keeps what the bot promises. Asks a real model, and so costs money: never in CI."""
