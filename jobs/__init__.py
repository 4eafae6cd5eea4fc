"""What a scheduler or a person starts."""
