"""The part of the page about sliders: furthest from the average, and where one photo's characters differ."""

from collections.abc import Mapping

import numpy as np

from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.pipeline.page.html_marks import table, text

#: How many controllers are shown.
CONTROLLERS_SHOWN = 10


def controllers(parameters: Parameters) -> str:
    """Show the controllers that differ most from the average face, as bars from the average to the value."""
    schema = parameters.schema
    usual = average(schema).values[: schema.n_c]
    values = parameters.values[: schema.n_c]
    order = np.argsort(-np.abs(values - usual), kind="stable")[:CONTROLLERS_SHOWN]
    rows = []
    for i in order:
        mean, value = float(usual[i]), float(values[i])
        left, width = f"{min(mean, value):.1%}", f"{abs(value - mean):.1%}"
        bar = f'<i style="left:{left};width:{width}"></i><b style="left:{mean:.1%}"></b>'
        rows.append(
            f'<tr><th scope="row">{text(schema.controllers[i].name)}</th><td class="bar"><div>{bar}</div></td>'
            f"<td>{value:.2f}</td></tr>"
        )
    heading = f"Furthest from the average, {len(order)} of {schema.n_c} sliders"
    return f"<section><h3>{heading}</h3>{table(rows)}</section>"


def controllers_beside(characters: Mapping[str, Parameters]) -> str:
    """Show the controllers that differ most among one photo's characters, a mark for each.

    Args:
        characters: by mode.
    """
    schema = next(iter(characters.values())).schema
    values = np.stack([parameters.values[: schema.n_c] for parameters in characters.values()])
    usual = average(schema).values[: schema.n_c]
    spread = values.max(axis=0) - values.min(axis=0)
    order = [i for i in np.argsort(-spread, kind="stable")[:CONTROLLERS_SHOWN] if spread[i] > 0]
    if not order:
        return "<section><h3>Sliders</h3><p class=\"quiet\">The same in all of them.</p></section>"
    rows = []
    for i in order:
        low, mean = float(values[:, i].min()), float(usual[i])
        marks = "".join(f'<u class="way{k}" style="left:{float(v):.1%}"></u>' for k, v in enumerate(values[:, i]))
        bar = f'<i style="left:{low:.1%};width:{float(spread[i]):.1%}"></i><b style="left:{mean:.1%}"></b>{marks}'
        cells = "".join(f"<td>{float(v):.2f}</td>" for v in values[:, i])
        name = text(schema.controllers[i].name)
        rows.append(f'<tr><th scope="row">{name}</th><td class="bar"><div>{bar}</div></td>{cells}</tr>')
    modes = "".join(f'<th scope="col"><u class="way{k}"></u>{text(mode)}</th>' for k, mode in enumerate(characters))
    heading = f"Where they differ most, {len(order)} of {schema.n_c} sliders"
    head = f'<tr><th scope="col">slider</th><th scope="col"></th>{modes}</tr>'
    return f"<section><h3>{heading}</h3>{table(rows, 'beside', head)}</section>"
