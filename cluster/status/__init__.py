"""What a node says of itself, asked once or again and again."""
