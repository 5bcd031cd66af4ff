"""Measurements in Prometheus' format."""

from prometheus_client.parser import text_string_to_metric_families

from f2p_deploy.service.metrics import ServiceMetrics


def test_requests_stages_and_batches_are_counted() -> None:
    metrics = ServiceMetrics(5)
    metrics.request("/v1/characters", 200, "", 0.1)
    metrics.request("/v1/characters", 422, "no-face", 0.1)
    metrics.stage("align", 0.2)
    metrics.batch("hybrid", 3, 0.01)
    text, kind = metrics.text()
    assert kind.startswith("text/plain")
    samples = {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    assert samples["f2p_requests_total", "", "/v1/characters", "200"] == 1
    assert samples["f2p_failures_total", "no-face"] == 1
    assert samples["f2p_stage_seconds_sum", "align"] == 0.2
    assert samples["f2p_batch_size_sum", "hybrid"] == 3
    assert samples["f2p_queue_limit",] == 5


def test_two_services_in_one_process_do_not_share_measurements() -> None:
    one, two = ServiceMetrics(1), ServiceMetrics(1)
    one.stage("align", 1.0)
    assert b'f2p_stage_seconds_sum{stage="align"}' not in two.text()[0]
