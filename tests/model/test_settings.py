import json

import pytest

from f2p_deploy.model.settings import (
    AlignmentTemplate,
    Architecture,
    BundleSettings,
    IterativeSettings,
    SimilaritySettings,
    from_data,
    to_data,
)
from f2p_deploy.system.errors import InputError


def test_defaults_are_the_paper_s() -> None:
    settings = BundleSettings()
    assert (settings.architecture.image_size, settings.architecture.imitator_width) == (512, 1.0)
    assert (settings.similarity.identity_weight, settings.similarity.content_weight) == (0.01, 1.0)
    iterative = settings.iterative
    assert (iterative.iterations, iterative.learning_rate, iterative.beta) == (50, 10.0, 100.0)


def test_learning_rate_falls_by_a_fifth_every_five_iterations() -> None:
    rates = IterativeSettings().learning_rates()
    assert len(rates) == 50
    assert rates[0] == rates[4] == 10.0
    assert rates[5] == pytest.approx(8.0)
    assert rates[49] == pytest.approx(10.0 * 0.8**9)


def test_survive_json() -> None:
    settings = BundleSettings(
        Architecture(256, 0.5, 0.375, 128, 0.25, 256, 3, 0.5), SimilaritySettings(features="probabilities")
    )
    assert from_data(BundleSettings, json.loads(json.dumps(to_data(settings))), "settings") == settings


def test_settings_of_before_depths_are_those_of_whole_networks() -> None:
    data = to_data(BundleSettings())
    del data["architecture"]["recognition_depth"], data["architecture"]["segmentation_depth"]
    assert from_data(BundleSettings, data, "settings") == BundleSettings()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"iterativ": {}}, "unknown setting 'iterativ'"),
        ({"iterative": {"iterations": "fifty"}}, "settings.iterative.iterations should be int, found 'fifty'"),
        ({"iterative": {"beta": 10**400}}, "settings.iterative.beta should be float, found 1000"),
        ({"similarity": {"class_weights": ["1"] * 11}}, "settings.similarity.class_weights should be tuple"),
        ({"alignment": {"landmarks": {"nose-tip": [0.5, {}]}}}, "settings.alignment.landmarks should be dict"),
        ({"iterative": {"iterations": 0}}, "iterations must be greater than 0, found 0"),
        ({"iterative": {"decay": 1.0}}, "decay must lie in"),
        ({"similarity": {"features": "conv_9"}}, "features must be one of conv_2"),
        ({"similarity": {"class_weights": [1.0]}}, "11 classes, found 1"),
        ({"similarity": {"identity_weight": -1}}, "identity_weight must not be negative"),
        ({"similarity": {"search_identity": -1}}, "search_identity must not be negative"),
        ({"architecture": {"segmentation_size": 200}}, "must be a multiple of segmentation_size"),
        ({"architecture": {"segmentation_depth": 0}}, "segmentation_depth must be greater than 0"),
        ({"architecture": {"imitator_width": 0}}, "imitator_width must be greater than 0"),
        ({"architecture": {"reader_stage": "conv_9"}}, "reader_stage must be one of conv_2"),
        ({"alignment": {"landmarks": {"left-eye": [0, 0]}}}, "an alignment template has"),
        ({"storage": "int4"}, "storage must be one of"),
        ([], "should be a table of settings, found list"),
    ],
)
def test_refusals_name_the_setting(data: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        from_data(BundleSettings, data, "settings")


def test_template_keeps_the_order_of_the_landmarks() -> None:
    template = AlignmentTemplate(dict(reversed(AlignmentTemplate().landmarks.items())))
    assert list(template.landmarks) == list(AlignmentTemplate().landmarks)
