"""The waits before a request is sent again."""

from f2p_deploy.client.retries import RetryPolicy


def test_waits_grow_are_bounded_and_differ() -> None:
    policy = RetryPolicy(first_seconds=0.1, most_seconds=1.0)
    for attempt, longest in ((1, 0.1), (2, 0.2), (3, 0.4), (10, 1.0)):
        waits = [policy.wait(attempt, None) for _ in range(200)]
        assert min(waits) >= 0 and longest / 2 < max(waits) <= longest and len(set(waits)) > 100


def test_the_services_advice_is_always_waited_for() -> None:
    assert all(3.0 <= RetryPolicy().wait(1, 3.0) <= 3.2 for _ in range(100))
