"""Call the HTTP service from Python, with retries: needs only httpx."""
