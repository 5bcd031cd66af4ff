"""Stage I: the imitator learns to draw what the engine draws (section 3.1, eq. 1)."""

import numpy as np
import torch

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_uint8

#: What people look at first and what covers few pixels.
FEATURES = ("left-brow", "right-brow", "left-eye", "right-eye", "upper-lip", "lower-lip")


class ImitatorStage:
    """Parameters to pictures, L1.

    Args:
        bundle: gives schema and sizes.
        pairs: rendered pairs of the front view, in memory.
        held_out: how many of the last pairs are kept for evaluation.
        feature_weight: how much a pixel of brows, eyes and lips counts beside any other one, where the pairs have label
            maps; 1 is eq. 1.
    """

    name = "imitator"

    def __init__(self, bundle: Bundle, pairs: PairTensors, held_out: int = 500, feature_weight: float = 1.0) -> None:
        self.pairs = pairs
        self.network = build_network("imitator", bundle.schema, bundle.settings)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.modules = {"imitator": self.network}
        self.samples = len(pairs) - held_out
        self.held_out = np.arange(self.samples, len(pairs))
        self.class_weights = torch.ones(len(HELEN_CLASSES))
        self.class_weights[[HELEN_CLASSES.index(name) for name in FEATURES]] = feature_weight
        self.half = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
        self.weighted = feature_weight != 1.0 and pairs.has_labels

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the mean absolute difference of drawn and rendered pictures (eq. 1)."""
        # In bfloat16 the layers take a third of the time; weights, their updates and the loss stay float32.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            drawn = self.network(self.pairs.parameters(batch))
        difference = (drawn.float() - self.pairs.images(batch)).abs().mean(dim=1)
        if self.weighted:
            difference = difference * self.class_weights[self.pairs.label_maps(batch)]
        return difference.mean(), {}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return mean L1 (in [0, 1]) and mean PSNR (dB, peak 1) over the held-out pairs."""
        l1, psnr = [], []
        for part in np.array_split(self.held_out, max(1, len(self.held_out) // 20)):
            difference = self.network(self.pairs.parameters(part)).clamp(0, 1) - self.pairs.images(part)
            l1 += difference.abs().mean(dim=(1, 2, 3)).tolist()
            psnr += (-10.0 * difference.square().mean(dim=(1, 2, 3)).log10()).tolist()
        return {"l1": float(np.mean(l1)), "psnr_db": float(np.mean(psnr)), "pictures": len(l1)}

    def sheet(self) -> np.ndarray:
        """Return eight held-out characters: the engine above, the imitator below."""
        shown = self.held_out[:8]
        return tile([to_uint8(self.pairs.images(shown)), to_uint8(self.network(self.pairs.parameters(shown)))])
