"""Serve characters over HTTP, on one machine or on a Ray cluster: `f2p-deploy serve`."""
