"""Counts as the page that Prometheus reads, with the names that stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from smithers.reports._metrics import Counted, Labels
from smithers.store.durations import Durations

__all__ = ["metrics_page"]


def metrics_page(
    counted: Counted, *, clients: int | None = None, accept: str = ""
) -> tuple[bytes, str]:
    """The page in the format that `accept` names, and its media type. `clients` is how many
    listen to the events of this process, if it serves any.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(counted, clients))
    encode, media = choose_encoder(accept)
    return encode(registry), media


class _Page(Collector):
    def __init__(self, counted: Counted, clients: int | None) -> None:
        self._counted, self._clients = counted, clients

    def collect(self) -> Iterator[Metric]:
        found = self._counted
        yield _counter("tasks", "Tasks that settled.", ("state",), _single(found.tasks))
        yield _histogram(
            "task_duration",
            "Time from the moment when all before a task was settled to its end, with its waits.",
            ("kind",),
            {(kind,): one for kind, one in found.durations.items()},
        )
        yield _counter("attempts", "Attempts that ended.", ("state", "error"), found.attempts)
        yield _counter(
            "tokens", "Tokens used; cached ones are part of in.", ("kind", "agent"), found.tokens
        )
        yield _counter("cost_usd", "US dollars spent.", ("agent",), _single(found.cost_usd))
        yield _gauge("runs", "Runs.", ("status",), _single(found.runs))
        yield _gauge("waits", "Open waits, by how old they are.", ("kind", "age"), found.waits)
        yield _gauge(
            "wait_oldest_seconds",
            "Age of the oldest open wait.",
            ("kind",),
            _single(found.oldest_wait_s),
        )
        yield _gauge(
            "cooldowns", "Limits that agents cool down for.", ("agent",), _single(found.cooldowns)
        )
        yield _gauge("owners", "Processes that own runs.", ("state",), _single(found.owners))
        yield _gauge("runs_to_wake", "Runs that should be woken.", (), {(): found.to_wake})
        yield _gauge(
            "supervisor_lag_seconds",
            "How long the run that has waited longest to be woken has done so.",
            (),
            {(): found.lag_s},
        )
        yield _gauge(
            "supervisor_up", "Whether a process wakes runs.", (), {(): int(found.is_supervised)}
        )
        yield _histogram(
            "commit_duration",
            "Time of a commit of this process, with the wait for the lock.",
            (),
            {(): found.commits},
        )
        if self._clients is not None:
            yield _gauge("sse_clients", "Clients that listen to events.", (), {(): self._clients})


def _single(values: Mapping[str, float]) -> Mapping[Labels, float]:
    return {(name,): value for name, value in values.items()}


def _counter(
    name: str, about: str, labels: Labels, values: Mapping[Labels, float]
) -> CounterMetricFamily:
    made = CounterMetricFamily(f"smithers_{name}", about, labels=labels)
    for given, value in values.items():
        made.add_metric(given, value)
    return made


def _gauge(
    name: str, about: str, labels: Labels, values: Mapping[Labels, float]
) -> GaugeMetricFamily:
    made = GaugeMetricFamily(f"smithers_{name}", about, labels=labels)
    for given, value in values.items():
        made.add_metric(given, value)
    return made


def _histogram(
    name: str, about: str, labels: Labels, values: Mapping[Labels, Durations]
) -> HistogramMetricFamily:
    made = HistogramMetricFamily(f"smithers_{name}_seconds", about, labels=labels)
    for given, one in values.items():
        made.add_metric(given, list(_buckets(one)), sum_value=one.sum_s)
    return made


def _buckets(durations: Durations) -> Iterator[tuple[str, float]]:
    total, bounds = 0, (*map(str, durations.bounds_s), "+Inf")
    for bound, number in zip(bounds, durations.numbers, strict=True):
        total += number
        yield bound, total
