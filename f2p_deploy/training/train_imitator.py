"""Stage I: training of the imitator, which learns to render as the engine does (section 3.1, eq. 1)."""

import numpy as np
import torch

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_uint8
from f2p_deploy.training.stage import Numbers, Prepared, Stage, first_network, half_precision

#: Helen classes that cover few pixels but matter most to viewers.
FEATURES = ("left-brow", "right-brow", "left-eye", "right-eye", "upper-lip", "lower-lip")


class ImitatorStage(Stage):
    """The training of the imitator on rendered pairs with an L1 loss.

    Args:
        bundle: gives schema and sizes.
        pairs: rendered pairs of the front view, in memory.
        held_out: number of last pairs held out for evaluation.
        feature_weight: weight of a pixel of brows, eyes and lips relative to other pixels, if the pairs have label
            maps; 1 gives eq. 1.
    """

    name = "imitator"

    def __init__(self, bundle: Bundle, pairs: PairTensors, held_out: int = 500, feature_weight: float = 1.0) -> None:
        self.pairs = pairs
        self.network = first_network(bundle, "imitator")
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.modules = {"imitator": self.network}
        self.samples = len(pairs) - held_out
        self.held_out = np.arange(self.samples, len(pairs))
        self.class_weights = torch.ones(len(HELEN_CLASSES))
        self.class_weights[[HELEN_CLASSES.index(name) for name in FEATURES]] = feature_weight
        self.weighted = feature_weight != 1.0 and pairs.has_labels

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return parameters, the engine's pictures and, if pixels are weighted, their weights (B, S, S)."""
        prepared: Prepared = {"parameters": self.pairs.parameters(batch), "pictures": self.pairs.images(batch)}
        if self.weighted:
            prepared["weights"] = self.class_weights[self.pairs.label_maps(batch)]
        return prepared

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the mean absolute difference between the imitator's and the engine's pictures (eq. 1)."""
        # Autocast to bfloat16 takes a third of the time; weights, updates and the loss stay float32.
        with half_precision(self.device):
            pictures = self.network(prepared["parameters"])
        difference = (pictures.float() - prepared["pictures"]).abs().mean(dim=1)
        if self.weighted:
            difference = difference * prepared["weights"]
        return difference.mean(), {}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return mean L1 (in [0, 1]) and mean PSNR (dB, peak 1) over the held-out pairs."""
        l1, psnr = [], []
        for part in np.array_split(self.held_out, max(1, len(self.held_out) // 20)):
            pictures = self.network(self.pairs.parameters(part).to(self.device)).clamp(0, 1).cpu()
            difference = pictures - self.pairs.images(part)
            l1 += difference.abs().mean(dim=(1, 2, 3)).tolist()
            psnr += (-10.0 * difference.square().mean(dim=(1, 2, 3)).log10()).tolist()
        return {"l1": float(np.mean(l1)), "psnr_db": float(np.mean(psnr)), "pictures": len(l1)}

    def sheet(self) -> np.ndarray:
        """Return the engine's pictures of eight held-out characters above the imitator's."""
        positions = self.held_out[:8]
        pictures = self.network(self.pairs.parameters(positions).to(self.device)).cpu()
        return tile([to_uint8(self.pairs.images(positions)), to_uint8(pictures)])
