"""The summary of a bundle agrees with its networks."""

from typing import TYPE_CHECKING

from f2p_deploy.model.bundle_summary import summarise_bundle

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_counts_are_those_of_the_networks(small_bundle: "Bundle") -> None:
    parts = {part["name"]: part for part in summarise_bundle(small_bundle)["parts"]}
    assert set(parts) == {"imitator", "recognition", "segmentation", "translator"}
    for name, part in parts.items():
        network = getattr(small_bundle, name)
        assert part["parameters"] == sum(parameter.numel() for parameter in network.parameters()), name
        assert part["bytes"] == (small_bundle.path / part["file"]).stat().st_size
        assert part["dtype"] == "F32"


def test_schema_and_settings_are_in_it(small_bundle: "Bundle") -> None:
    summary = summarise_bundle(small_bundle)
    assert summary["schema"]["groups"] == {"eye": 2, "nose": 2, "mouth": 2}
    assert summary["settings"]["architecture"]["image_size"] == 128
    assert summary["provenance"]["imitator"] == {"command": "tests"}
