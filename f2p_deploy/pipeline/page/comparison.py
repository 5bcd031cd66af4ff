"""The part of the page about one photo in several modes: its characters side by side, and where they differ."""

from collections.abc import Sequence

from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, PARAMETERS_FILE
from f2p_deploy.pipeline.page.choices import choices, choices_beside, same_choices, to_check
from f2p_deploy.pipeline.page.html_marks import anchor, drawn_by, file, first_picture, no_picture, photo, picture, text
from f2p_deploy.pipeline.page.slider_bars import controllers_beside
from f2p_deploy.pipeline.results import Created
from f2p_deploy.report.curve import loss_curve


def comparison(results: Sequence[Created]) -> str:
    """Return the card of one photo.

    Args:
        results: its characters, two or more, each in another mode.
    """
    first = results[0]
    by_mode = {f"{result.mode}{' (auto)' if result.mode_reason != 'as asked' else ''}": result for result in results}
    warnings = dict.fromkeys(warning for result in results for warning in result.warnings)
    listed = "".join(f"<li>{text(warning[:1].upper() + warning[1:])}</li>" for warning in warnings)
    same = same_choices(by_mode)
    seconds = sum(result.seconds for result in results)
    return "\n".join(
        [
            f'<article id="{anchor(first.name)}">',
            f'<div class="title"><h2>{text(first.photo.name)}</h2>'
            f'<span class="mode">{len(results)} ways side by side</span></div>',
            f'<p class="reason">The same photo, the same face; {seconds:.2f} s for all.</p>',
            f'<ul class="warnings">{listed}</ul>' if listed else "",
            to_check(by_mode),
            f'<div class="ways" style="--ways:{len(results)}">',
            '<div class="way">',
            picture(first.name, ALIGNED_FILE, "aligned face"),
            photo(first.name, first.view, f"{first.photo.name}, with the landmarks and the part that was aligned"),
            "</div>",
            *(_way(mode, result) for mode, result in by_mode.items()),
            "</div>",
            '<div class="details two">',
            choices(first) if same else choices_beside(by_mode),
            controllers_beside({mode: result.parameters for mode, result in by_mode.items()}),
            "</div></article>",
        ]
    )


def _way(mode: str, result: Created) -> str:
    """Return the column of one mode."""
    shown = first_picture(result)
    kind = "preview " if shown == CHARACTER_FILE else ""
    parts = [picture(result.name, shown, mode, f"{kind}{drawn_by(result, shown)}") if shown else no_picture(mode)]
    facts = [f"{result.generation_seconds:.2f} s"]
    if len(result.losses) > 1:
        facts.append(f"loss {result.losses[0]:.3g} to {result.losses[-1]:.3g} in {len(result.losses) - 1} iterations")
    parts.append(f'<p class="quiet small">{text(", ".join(facts))}<br><code>{text(result.name)}</code> · '
                 f'<a href="{file(result.name, PARAMETERS_FILE)}">{PARAMETERS_FILE}</a></p>')  # fmt: skip
    if result.has_engine_picture and result.has_preview:
        parts.append(picture(result.name, CHARACTER_FILE, "preview", drawn_by(result, CHARACTER_FILE), "preview"))
    if len(result.losses) > 1:
        title = f"{mode}, loss over {len(result.losses) - 1} iterations"
        heading = f"Loss over {len(result.losses) - 1} iterations"
        parts.append(f"<details><summary>{heading}</summary>{loss_curve(result.losses, title)}</details>")
    return f'<div class="way" id="{anchor(f"{result.name}/")}">{"".join(parts)}</div>'
