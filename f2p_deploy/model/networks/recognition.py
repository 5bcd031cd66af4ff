"""The recognition network F_recg of a bundle: one of several kinds."""

from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.dlib_resnet import DlibResNet
from f2p_deploy.model.networks.light_cnn import LightCNN
from f2p_deploy.model.settings import BundleSettings

#: By the word of `Architecture.recognition`.
KINDS: dict[str, type[nn.Module]] = {
    "light-cnn-29v2": LightCNN,
    "light-cnn-29v2-crop": LightCNN,
    "dlib-resnet": DlibResNet,
}


def build_recognition(schema: Schema, settings: BundleSettings) -> nn.Module:
    """Return F_recg of the settings' kind, with fresh weights; it is the same for every schema."""
    sizes = settings.architecture
    return KINDS[sizes.recognition](sizes.recognition_width, sizes.recognition_depth)
