import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.translator import Attention, Translator  # noqa: E402


def test_layers_are_those_of_table_4() -> None:
    translator = Translator(208, (22, 36, 19, 25))
    assert (translator.fc_1.in_features, translator.fc_1.out_features) == (256, 512)
    assert len(translator.blocks) == 3
    first, second, attention = (translator.blocks[0].body[i] for i in (0, 3, 5))
    assert (first.in_features, first.out_features, second.out_features) == (512, 1024, 512)
    assert (attention.squeeze.out_features, attention.excite.out_features) == (16, 512)
    assert translator.controllers.out_features + translator.discrete.out_features == 310


def test_gives_controllers_in_range_and_probabilities_by_group() -> None:
    parameters = Translator(5, (3, 2), width=0.1).eval()(10 * torch.randn(4, 256))
    assert parameters.shape == (4, 10)
    assert float(parameters.min()) >= 0.0 and float(parameters.max()) <= 1.0
    torch.testing.assert_close(parameters[:, 5:8].sum(1), torch.ones(4))
    torch.testing.assert_close(parameters[:, 8:].sum(1), torch.ones(4))


def test_works_without_discrete_groups() -> None:
    assert Translator(5, width=0.1).eval()(torch.randn(2, 256)).shape == (2, 5)


def test_attention_scales_each_neuron_between_0_and_1() -> None:
    attention, v = Attention(32), torch.randn(3, 32)
    ratio = attention(v) / v
    assert float(ratio.min()) > 0.0 and float(ratio.max()) < 1.0
