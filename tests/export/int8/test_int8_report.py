"""The report of an 8-bit export as plain data."""

import json

from f2p_deploy.export.int8.int8_report import GraphReport


def test_the_report_names_the_float_layers(int8_report: GraphReport) -> None:
    assert int8_report.kept == ("second",)
    assert int8_report.sentence() == "render: 1 of 2 layers in 8 bits, mse ranges of 384 inputs"
    facts = {"method": "mse", "measured": 384, "judged": 32, "quantised": 1, "of": 2, "kept": ["second"]}
    assert int8_report.facts() == facts
    assert json.loads(json.dumps(int8_report.to_dict()))["layers"][1]["measures"] == {"image: PSNR dB": 32.0}
