"""One-shot generation: from a face to parameters in one forward pass (section 3.4.1)."""

import numpy as np
import torch
from torch import nn

from f2p_deploy.character.parameters import average
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.prior_projection import PriorProjection
from f2p_deploy.model.result import SMALLEST_PROBABILITY


class OneShot(nn.Module):
    """The map x = T(F_recg(I)) (eq. 2), projected onto the priors' subspace if the settings ask for it (section 3.5).

    A reader, if the bundle has one, predicts options, age and sex. In a bundle that searches through a surrogate and
    has no reader, every character gets the schema's default options: its translator learned options from renders alone.

    Args:
        bundle: gives the recognition network, the translator, the reader, the priors and the settings.
    """

    unread: torch.Tensor

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.similarity = bundle.similarity
        self.translator = bundle.translator
        self.reader = bundle.reader
        self.reader_stage = bundle.settings.architecture.reader_stage
        self.n_c = bundle.schema.n_c
        #: True if options come from the reader or, without one, from the schema's defaults; else from the translator.
        self.reads = self.reader is not None or bundle.settings.search == "surrogate"
        if self.reads:
            read = read_controllers(bundle.schema) if self.reader is not None else []
            places = torch.zeros(len(read), self.n_c)
            places[range(len(read)), read] = 1.0
            even, defaults = torch.zeros(self.n_c), torch.tensor([c.default for c in bundle.schema.controllers])
            if bundle.settings.similarity.mirrored:  # a mirrored descriptor cannot tell left from right
                even = torch.tensor([float(c.asymmetric) for c in bundle.schema.controllers])
            self.register_buffer("places", places, persistent=False)
            self.register_buffer("kept", 1.0 - places.sum(dim=0) - even, persistent=False)
            self.register_buffer("even", even * defaults, persistent=False)
            usual = torch.tensor(average(bundle.schema).values[self.n_c :])
            self.register_buffer("unread", usual.clamp_min(SMALLEST_PROBABILITY).log(), persistent=False)
        self.group_sizes = [len(group.options) for group in bundle.schema.discrete_groups]
        self.prior = PriorProjection(bundle) if bundle.settings.one_shot_prior else None

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """Generate parameters.

        Args:
            face: (N, 3, S, S) aligned photos, RGB in [0, 1].

        Returns:
            (N, n) parameters: controllers in [0, 1], discrete groups as probabilities.
        """
        identity = self.similarity.identity(face)
        if not self.reads:
            parameters = self.translator(identity)
        else:
            controllers, scores = self.parts(face, identity)
            options = [part.softmax(dim=1) for part in scores.split(self.group_sizes, dim=1)]
            parameters = torch.cat([controllers, *options], dim=1)
        return parameters if self.prior is None else self.prior(parameters).clamp(0.0, 1.0)

    def parts(self, face: torch.Tensor, identity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, n_c) controllers and (N, n_d) logits of the options."""
        translated = self.translator(identity)
        if not self.reads:
            return translated[:, : self.n_c], translated[:, self.n_c :].clamp_min(SMALLEST_PROBABILITY).log()
        controllers = translated[:, : self.n_c] * self.kept
        if self.reader is None:
            return controllers + self.even, self.unread.expand(len(translated), -1)
        scores, sliders = self.reader(self.reader.features(identity, self.similarity.regions(face, self.reader_stage)))
        return controllers + (sliders @ self.places + self.even), scores


def one_shot(bundle: Bundle, faces: torch.Tensor) -> np.ndarray:
    """Return (N, n) float32 parameters of aligned faces (N, 3, S, S), RGB in [0, 1] (section 3.4.1)."""
    with torch.inference_mode():
        return OneShot(bundle).eval()(faces).numpy()
