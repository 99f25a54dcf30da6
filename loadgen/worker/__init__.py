"""The programs of a load pod under Locust, and of workers on other machines."""
