"""What agents can do with channels of messages: search, draft, post."""
