"""What agents can do with written knowledge: find the passage that answers."""
