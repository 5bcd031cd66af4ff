"""Call the HTTP service from Python, with retries: needs only httpx."""

from f2p_deploy.client.character_client import CharacterClient
from f2p_deploy.client.made import FaceQuality, MadeByService, ReadOption, ServedFacts
from f2p_deploy.client.retries import RetryPolicy, ServiceError

__all__ = [
    "CharacterClient",
    "FaceQuality",
    "MadeByService",
    "ReadOption",
    "RetryPolicy",
    "ServedFacts",
    "ServiceError",
]
