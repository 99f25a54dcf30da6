"""Results over time: one row a trial, kept, compared, and watched for changes."""
