from math import inf

import pytest

from batch.monitoring.serving import read
from schemas.serving import Counted, figures, quantile, since, together

METRICS = """
# HELP anirec_request_seconds Requests, by how long they took.
# TYPE anirec_request_seconds histogram
anirec_request_seconds_bucket{le="0.001",method="GET",route="/a",status="200"} 80.0
anirec_request_seconds_bucket{le="0.01",method="GET",route="/a",status="200"} 90.0
anirec_request_seconds_bucket{le="+Inf",method="GET",route="/a",status="200"} 90.0
anirec_request_seconds_count{method="GET",route="/a",status="200"} 90.0
anirec_request_seconds_sum{method="GET",route="/a",status="200"} 1.0
anirec_request_seconds_bucket{le="0.001",method="GET",route="/b",status="503"} 0.0
anirec_request_seconds_bucket{le="0.01",method="GET",route="/b",status="503"} 10.0
anirec_request_seconds_bucket{le="+Inf",method="GET",route="/b",status="503"} 10.0
anirec_request_seconds_count{method="GET",route="/b",status="503"} 10.0
anirec_request_seconds_sum{method="GET",route="/b",status="503"} 1.0
# HELP anirec_answers_total Answers, by their source.
# TYPE anirec_answers_total counter
anirec_answers_total{source="nightly"} 75.0
anirec_answers_total{source="popular"} 25.0
"""


def test_all_routes_are_counted_together():
    found = figures(read(METRICS))

    assert found == {
        "requests": 100,
        "source/nightly": 0.75,
        "source/popular": 0.25,
        "failed": 0.1,
        "seconds/p50": pytest.approx(0.000625),
        "seconds/p95": pytest.approx(0.00775),
        "seconds/p99": pytest.approx(0.00955),
    }


def test_only_what_came_since_the_last_look_counts():
    found = figures(since(read(METRICS.replace("75.0", "50.0").replace("90.0", "45.0")),
                          read(METRICS)))  # fmt: skip

    assert found["requests"] == 45
    assert found["source/nightly"] == 1


def test_a_server_that_began_anew_is_counted_from_zero():
    few = read(METRICS.replace("90.0", "9.0").replace("80.0", "8.0"))

    assert since(read(METRICS), few) == few


def test_servers_are_added_up():
    one = read(METRICS)

    assert figures(together([one, one]))["requests"] == 200


def test_of_nothing_there_are_no_shares():
    assert figures(Counted()) == {"requests": 0}


def test_a_quantile_beyond_the_last_bound_is_that_bound():
    assert quantile({0.1: 1.0, inf: 10.0}, 0.99) == 0.1
