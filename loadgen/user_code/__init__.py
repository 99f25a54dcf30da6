"""A user's own file: imported, looked at, given its arguments, listened to."""
