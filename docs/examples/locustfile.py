"""An ordinary locustfile, which knows nothing of meshbench: each user counts the tables of the server it is sent to.

meshbench run steady --set workload=docs/examples/locustfile.py
"""

import os
import time

import pymysql
from locust import User, between, task


class Visitor(User):
    wait_time = between(0.05, 0.15)

    def on_start(self):
        self.connection = pymysql.connect(
            host=os.environ["MYSQL_HOST"],
            port=int(os.environ["MYSQL_TCP_PORT"]),
            user=os.environ["MYSQL_USER"],
            password=os.environ["MYSQL_PWD"],
            database=os.environ["MYSQL_DATABASE"],
        )

    @task
    def look(self):
        begin, failure = time.perf_counter(), None
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM information_schema.tables")
        except pymysql.MySQLError as error:
            failure = error
        self.environment.events.request.fire(
            request_type="mysql",
            name="look",
            response_time=(time.perf_counter() - begin) * 1000,
            response_length=0,
            exception=failure,
        )
