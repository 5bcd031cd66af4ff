"""Pieces of HTML that the page is made of: text, addresses, pictures."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from f2p_deploy.character.folder_files import CHARACTER_FILE, ENGINE_FILE, PHOTO_FILE
from f2p_deploy.pipeline.results import Created, PhotoView
from f2p_deploy.system.names import address, shown


def text(words: str) -> str:
    """Return text as HTML: whatever a name has in it, it shows as that."""
    return escape(shown(words))


def file(name: str, file: str) -> str:
    """Return the address of a file in a character's folder."""
    return escape(address(Path(name) / file))


def anchor(name: str) -> str:
    """Return what a character is called within the page."""
    return escape(address(name))


def photo(name: str, view: PhotoView, description: str) -> str:
    """Show the photo with the frame of the aligned face and the landmarks over it."""
    frame = " ".join(f"{x},{y}" for x, y in view.frame)
    radius = max(view.width, view.height) / 110
    points = "".join(f'<circle cx="{x}" cy="{y}" r="{radius:.1f}"/>' for x, y in view.points.values())
    return (
        f'<figure class="photo"><div style="--ratio: {view.width} / {view.height}">'
        f'<img src="{file(name, PHOTO_FILE)}" alt="{text(description)}" loading="lazy">'
        f'<svg viewBox="0 0 {view.width} {view.height}" aria-hidden="true"><polygon points="{frame}"/>{points}</svg>'
        "</div><figcaption>photo</figcaption></figure>"
    )


def no_picture(caption: str) -> str:
    """Show that nothing has drawn a character."""
    return (
        f'<figure class="none"><p class="quiet small">No picture: the bundle has no imitator yet.</p>'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def picture(name: str, of: str, caption: str, detail: str = "", kind: str = "") -> str:
    """Show a picture in a character's folder, with a link to itself.

    Args:
        name: of the folder.
        of: the file.
        caption: what it is.
        detail: more about that, in a quieter voice.
        kind: the figure's class in the style sheet.
    """
    source = file(name, of)
    more = f" <span>{text(detail)}</span>" if detail else ""
    sort = f' class="{kind}"' if kind else ""
    return (
        f'<figure{sort}><a href="{source}"><img src="{source}" alt="{text(f"{caption} of {name}")}" loading="lazy"></a>'
        f"<figcaption>{text(caption)}{more}</figcaption></figure>"
    )


def first_picture(result: Created) -> str:
    """Return the file of the picture that stands for a character: the engine's where there is one; empty for none."""
    if result.has_engine_picture:
        return ENGINE_FILE
    return CHARACTER_FILE if result.has_preview else ""


def drawn_by(result: Created, of: str) -> str:
    """Return who drew a picture of a character, and whether it is another one by now.

    Args:
        result: the character.
        of: the file.
    """
    drawn = "drawn by the engine" if of == ENGINE_FILE else "by the imitator, not the engine"
    return f"{drawn}, before it was edited" if result.edited else drawn


def table(rows: Iterable[str], kind: str = "", head: str = "") -> str:
    """Return rows as a table, which may be scrolled sideways where it is too wide."""
    sort = f' class="{kind}"' if kind else ""
    top = f"<thead>{head}</thead>" if head else ""
    return f'<div class="scroll"><table{sort}>{top}<tbody>{"".join(rows)}</tbody></table></div>'
