"""OpenTelemetry traces, where an endpoint is configured and the `telemetry` extra is there."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from api.envelope import ROUTE

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
SERVICE: Final = "anirec-api"

log = logging.getLogger(__name__)
Headers = list[tuple[str, str]]


def is_on(env: Mapping[str, str]) -> bool:
    """Whether traces are to go anywhere."""
    return bool(env.get(ENDPOINT))


def traced(inner: "WSGIApplication", env: Mapping[str, str]) -> "WSGIApplication":
    """The same application, with a span for each request if traces are to go anywhere."""
    if not is_on(env):
        return inner
    try:
        provider = _provider(env)
    except ImportError:
        log.warning("%s is set, but the extra `telemetry` is not installed: no traces", ENDPOINT)
        return inner
    return Traced(inner, provider)


def _provider(env: Mapping[str, str]) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = env.get("OTEL_SERVICE_NAME") or SERVICE
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Traced:
    """A WSGI application around another one; it goes on with the trace of its caller."""

    def __init__(self, inner: "WSGIApplication", provider: Any) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._inner, self._tracer = inner, provider.get_tracer("anirec")
        self._kind, self._propagator = SpanKind.SERVER, TraceContextTextMapPropagator()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        carrier = {"traceparent": environ.get("HTTP_TRACEPARENT", "")}
        context = self._propagator.extract(carrier)
        with self._tracer.start_as_current_span("request", context, self._kind) as span:

            def begin(
                status: str, headers: Headers, failed: "OptExcInfo | None" = None, /
            ) -> Callable[[bytes], object]:
                span.set_attribute("http.response.status_code", int(status[:3]))
                return start_response(status, headers, failed)

            body = self._inner(environ, begin)
            method, route = environ["REQUEST_METHOD"], environ.get(ROUTE) or "other"
            span.update_name(f"{method} {route}")
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", route)
        return body
