"""The role agent beside every mysqld, what it promises to whom, and by which rules."""
