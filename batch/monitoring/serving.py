"""Counters as /metrics of the API writes them."""

from prometheus_client.parser import text_string_to_metric_families

from schemas.serving import Counted, counted


def read(text: str) -> Counted:
    """The counters in what /metrics answers."""
    families = text_string_to_metric_families(text)
    return counted(
        (one.name, one.labels, one.value) for family in families for one in family.samples
    )
