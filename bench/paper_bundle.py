"""Create a bundle of the paper's size with random weights, for measuring sizes, times and memory.

    python bench/paper_bundle.py build/paper-bundle
    f2p-deploy export --bundle build/paper-bundle --target trt-fp16 --trajectories 0

310 parameters (`justice-female`), faces of 512 pixels, segmentation at 256. `--width 0.1 --image-size 128` makes a
small one of the same layers, for tests of operators. With random weights any rounding may flip any mask, so its parity
is the worst case, and its faces are meaningless.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from f2p_deploy.character.schema import load_schema
from f2p_deploy.model.bundle import create_bundle, store_network
from f2p_deploy.model.networks.table import REQUIRED_NETWORKS, build_network
from f2p_deploy.model.settings import Architecture, BundleSettings

#: Below the gain that preserves variance (He et al. 2015), since max-feature-map and residual layers increase it.
GAIN = 0.45


def randomise(network: nn.Module) -> None:
    """Draw weights that keep activations in a reasonable range."""
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d):
            module.weight.data.normal_(0.0, module.in_channels**-0.5)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight).data.mul_(GAIN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--schema", default="justice-female")
    parser.add_argument("--segmentation-size", type=int, default=256)
    parser.add_argument("--image-size", type=int, default=512)
    parser.add_argument("--width", type=float, default=1.0, help="of all networks, as a multiple of the paper's")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    torch.manual_seed(words.seed)
    schema = load_schema(words.schema)
    widths = {f"{name}_width": words.width for name in REQUIRED_NETWORKS}
    sizes = Architecture(image_size=words.image_size, segmentation_size=words.segmentation_size, **widths)
    settings = BundleSettings(sizes)
    bundle = create_bundle(words.folder, "paper", schema, settings)
    for name in REQUIRED_NETWORKS:
        network = build_network(name, schema, settings)
        randomise(network)
        bundle = store_network(bundle, name, network, {"command": f"random weights, seed {words.seed}"})
    print(f"bundle: {words.folder}")


if __name__ == "__main__":
    main()
