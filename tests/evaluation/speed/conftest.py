"""Cases of a benchmark on small bundles."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.alignment.sample_faces import Faces
    from f2p_deploy.artifact.artifact import Artifact
    from f2p_deploy.evaluation.speed.bench_case import BenchCase
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def case_of(small_bundle: "Bundle", small_faces: "Faces") -> "Callable[..., BenchCase]":
    """Make the case of a mode on the first faces, on the CPU."""
    pytest.importorskip("torch")
    from f2p_deploy.alignment.sample_faces import Faces
    from f2p_deploy.evaluation.speed.bench_case import make_case
    from f2p_deploy.model.graphs import bundle_graphs

    def make(
        mode: str, bundle: "Bundle" = small_bundle, batch: int = 1, artifacts: "tuple[Artifact, ...]" = ()
    ) -> "BenchCase":
        faces = Faces(small_faces.images[:batch], small_faces.names[:batch])
        graphs = {graph.name: graph for graph in bundle_graphs(bundle, batch)}
        return make_case(mode, bundle, bundle, graphs, faces, artifacts, 1, "cpu")

    return make
