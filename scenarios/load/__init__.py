"""The load of a run: load pods and remote workers, started, listened to, ended."""
