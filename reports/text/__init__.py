"""What a report says in words: findings, witnesses, errors, notes, units."""
