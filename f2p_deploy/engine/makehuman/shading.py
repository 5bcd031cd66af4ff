"""The shading of a character's surfaces: skin, eyes, and layers with an alpha texture.

The functions are compiled loops over the samples that `rasteriser.draw_depth` has assigned to triangles.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from f2p_deploy.engine.makehuman.rasteriser import barycentric, sample

#: Wrap of diffuse light on skin by colour channel, which imitates subsurface scattering; strongest in red.
_WRAP = (0.42, 0.24, 0.17)
_KEY, _FILL = 0.80, 0.12

#: The largest slope in the masks' slope channels (their values 0 and 1), in decimetres of height per texel.
STEEPEST = 0.0025


class Light(NamedTuple):
    """The light of a scene; a weak fill light comes from the side opposite to the main light.

    Args:
        direction: (3,) unit vector towards the main light.
        halfway: (3,) unit vector between the main light and the viewer, where highlights appear.
        colour: (3,) linear RGB of the main light.
        ambient: strength of the ambient light.
    """

    direction: np.ndarray
    halfway: np.ndarray
    colour: np.ndarray
    ambient: np.float32


class SkinPaint(NamedTuple):
    """The colours of a character's skin; all colours are (3,) and linear.

    Args:
        tone, lip, hair, lid: colours of skin, lipstick, beard and cropped hair, and eye shadow.
        lip_amount: opacity of `lip` over the natural colour of the lips.
        beard: (4,) density of moustache, goatee and jaw, and visibility of single hairs.
        scalp, recede: density of cropped hair on the scalp, and how far it has receded.
        wrinkles: depth of the skin's folds; 1 is an old face.
        sockets: factor on the shade around the eyes and in the nostrils; 1 is average.
        lip_tone: factor on the natural colour of the lips; 1 is average.
        bags: darkness of the skin under the eyes.
        redness, unevenness: factors on blush and on mottled colour; 1 is average.
        freckles: strength of the freckles.
        shadow: darkness of the shaved beard.
        paleness: paleness of the lips.
        lid_amount, liner, rouge: strength of eye shadow, eyeliner and rouge.
    """

    tone: np.ndarray
    lip: np.ndarray
    hair: np.ndarray
    lid: np.ndarray
    lip_amount: float
    beard: np.ndarray
    scalp: float
    recede: float
    wrinkles: float
    sockets: float
    lip_tone: float
    bags: float
    redness: float
    unevenness: float
    freckles: float
    shadow: float
    paleness: float
    lid_amount: float
    liner: float
    rouge: float


class SkinLabels(NamedTuple):
    """The labels of skin.

    Args:
        by_place: (h, w) uint8 labels by texture coordinate, for the head.
        skin, inner_mouth, hair: labels of other skin, of the mouth's inside, and of cropped hair.
    """

    by_place: np.ndarray
    skin: int
    inner_mouth: int
    hair: int


class Strands(NamedTuple):
    """The highlight of hair, which depends on the direction of its strands.

    Args:
        sheen: the strength; 0 for layers other than hair.
        ways: (n, 3) unit vectors along the strands at each vertex, x right, y up, z towards the viewer.
    """

    sheen: np.float32
    ways: np.ndarray


def make_light(direction: tuple[float, float, float], colour: tuple[float, float, float], ambient: float) -> Light:
    """Return the light of a scene; `direction` points to the main light and may have any length but zero."""
    towards = np.asarray(direction, np.float32)
    towards = towards / np.linalg.norm(towards)
    halfway = towards + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway) + np.float32(1e-6)
    return Light(towards, halfway, np.asarray(colour, np.float32), np.float32(ambient))


@njit(cache=True, fastmath=True, inline="always")
def _irradiance(nx, ny, nz, openness, light, wrap, k):
    toward = nx * light.direction[0] + ny * light.direction[1] + nz * light.direction[2]
    key = max(0.0, (toward + wrap) / (1.0 + wrap))
    fill = max(0.0, 0.3 * ny + 0.8 * nz - 0.5 * np.sign(light.direction[0]) * nx)
    sky = light.ambient * (0.85 + 0.15 * ny) * openness
    return sky + (_KEY * key * light.colour[k] + _FILL * fill) * (0.35 + 0.65 * openness)


@njit(cache=True, fastmath=True, inline="always")
def _slope(surface, t, across, down, wide, high):
    """Return the slope of triangle t's height map in decimetres per sample, to the right and downwards."""
    screen, uv = surface.screen, surface.uv
    a, b, c = surface.triangles[t]
    ca, cb, cc = surface.corners[t]
    x1, y1 = screen[b, 0] - screen[a, 0], screen[b, 1] - screen[a, 1]
    x2, y2 = screen[c, 0] - screen[a, 0], screen[c, 1] - screen[a, 1]
    inverse = 1.0 / (x1 * y2 - x2 * y1)
    column1, column2 = (uv[cb, 0] - uv[ca, 0]) * wide, (uv[cc, 0] - uv[ca, 0]) * wide
    row1, row2 = (uv[ca, 1] - uv[cb, 1]) * high, (uv[ca, 1] - uv[cc, 1]) * high
    by_column, by_row = (across - 0.5) * 2.0 * STEEPEST, (down - 0.5) * 2.0 * STEEPEST
    # The derivatives of column and row by the sample's position: the inverse of the matrix of two triangle edges.
    right = by_column * (column1 * y2 - column2 * y1) + by_row * (row1 * y2 - row2 * y1)
    below = by_column * (column2 * x1 - column1 * x2) + by_row * (row2 * x1 - row1 * x2)
    return right * inverse, below * inverse


@njit(cache=True, fastmath=True)
def shade_skin(canvas, surface, kinds, masks, level, labels, paint, light, samples_per_decimetre):
    """Colour and label the samples of the skin.

    Args:
        canvas: the picture; samples whose owner is a triangle of the surface are drawn.
        surface: the skin.
        kinds: (m,) uint8 kind of each triangle, as in `SkinMaps`.
        masks, level: texture with the channels `skin_tones.CHANNELS`, and the mip level to use.
        labels: `SkinLabels`.
        paint: `SkinPaint`.
        light: `Light`.
        samples_per_decimetre: scale of the picture.
    """
    image, owner, triangles, normals = canvas.image, canvas.owner, surface.triangles, surface.normals
    mask = np.zeros(19, np.float32)
    # Size of the masks in texels, in which their slopes are measured.
    wide, high = float(masks.widths[0]), float(masks.heights[0])
    hx, hy, hz = light.halfway
    tone, place = paint.tone, labels.by_place
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x]
            if t < 0 or t >= len(triangles):
                continue
            a, b, c = triangles[t]
            wa, wb, wc = barycentric(surface.screen, a, b, c, x + 0.5, y + 0.5)
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx, ny, nz = nx / length, ny / length, nz / length
            sky = wa * surface.openness[a] + wb * surface.openness[b] + wc * surface.openness[c]
            kind = kinds[t]
            if kind == 4:
                canvas.labels[y, x] = labels.inner_mouth
                for k in range(3):
                    # Teeth get a constant: their computed openness is that of a closed mouth.
                    amount = _irradiance(nx, ny, nz, 0.6, light, 0.5, k)
                    image[y, x, k] = (0.66, 0.60, 0.51)[k] * amount
                continue
            if kind == 2:
                canvas.labels[y, x] = labels.inner_mouth
                image[y, x, 0], image[y, x, 1], image[y, x, 2] = 0.045 + 0.1 * tone[0], 0.012, 0.012
                continue
            if kind == 0:
                ca, cb, cc = surface.corners[t]
                u = wa * surface.uv[ca, 0] + wb * surface.uv[cb, 0] + wc * surface.uv[cc, 0]
                v = wa * surface.uv[ca, 1] + wb * surface.uv[cb, 1] + wc * surface.uv[cc, 1]
                sample(masks, level, u, v, mask)
                column = min(max(int(u * place.shape[1]), 0), place.shape[1] - 1)
                row = min(max(int((1 - v) * place.shape[0]), 0), place.shape[0] - 1)
                canvas.labels[y, x] = place[row, column]
                if paint.wrinkles > 0:
                    sx, sy = _slope(surface, t, mask[14], mask[15], wide, high)
                    strength = paint.wrinkles * samples_per_decimetre * max(nz, 0.0)
                    nx, ny = nx - sx * strength, ny + sy * strength
                    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
                    nx, ny, nz = nx / length, ny / length, nz / length
            else:
                mask[:] = 0.0
                mask[3] = mask[7] = mask[18] = 0.5
                canvas.labels[y, x] = labels.skin
            facial = max(max(paint.beard[0] * mask[4], paint.beard[1] * mask[5]), paint.beard[2] * mask[6])
            facial = min(1.0, facial * (1.0 - paint.beard[3] + paint.beard[3] * 2.0 * mask[7]) * 1.15)
            hairy = 1.0 - min(1.0, max(0.0, (mask[16] + 0.12 * (mask[7] - 0.5) + paint.recede - 1.0) * 8.0))
            cropped = min(1.0, paint.scalp * mask[8] * (0.7 + 0.6 * mask[7])) * hairy
            if cropped > 0.45:
                canvas.labels[y, x] = labels.hair
            shaved = paint.shadow * max(max(mask[4], mask[5]), mask[6]) * (0.75 + 0.5 * mask[7]) * (1 - facial)
            pore = mask[18] - 0.5
            gloss = (0.045 + 0.09 * mask[9] + 0.10 * paint.lip_amount * mask[2]) * (1 - facial) * (1 - 0.7 * cropped)
            facing = max(0.0, nx * hx + ny * hy + nz * hz)
            highlight = (facing**20 + 0.25 * facing**6) * gloss * (0.4 + 0.6 * sky) * (1.0 + 0.8 * pore)
            rim = (1.0 - min(1.0, max(0.0, nz))) ** 3 * 0.05 * light.ambient
            grain = 1.0 + (mask[3] - 0.5) * 0.55 * paint.unevenness + pore * (0.10 + 0.06 * paint.unevenness)
            blush = mask[0] * paint.redness
            fold = mask[13] * min(1.0, paint.wrinkles)
            freckle = mask[11] * paint.freckles
            bags = mask[12] * paint.bags
            shadowed = mask[10] * paint.lid_amount
            liner = 1.0 - 0.75 * mask[17] * paint.liner
            for k in range(3):
                red = (0.07, -0.12, -0.11)[k]
                albedo = tone[k] * grain * (1.0 + blush * red * (1.25 - 0.6 * tone[0]))
                albedo *= 1.0 + mask[0] * paint.rouge * (0.10, -0.22, -0.16)[k]
                albedo *= 1.0 - mask[1] * paint.sockets * (0.26, 0.34, 0.26)[k]
                albedo *= 1.0 - mask[10] * (0.05, 0.10, 0.08)[k]
                albedo *= 1.0 - bags * (0.20, 0.27, 0.20)[k]
                albedo *= 1.0 - fold * (0.26, 0.36, 0.38)[k]
                albedo *= 1.0 - freckle * (0.18, 0.29, 0.36)[k]
                albedo *= 1.0 - shaved * (0.42, 0.36, 0.28)[k]
                albedo = (albedo * (1 - shadowed) + paint.lid[k] * tone[0] * shadowed) * liner
                redder = (0.86, 0.56, 0.56)[k] + (0.0, 0.20, 0.18)[k] * paint.paleness
                natural = (tone[k] * redder + (0.02, 0.0, 0.003)[k]) * paint.lip_tone
                lips = natural * (1 - paint.lip_amount) + paint.lip[k] * paint.lip_amount
                lips *= 1.0 + pore * 0.25
                albedo = albedo * (1 - mask[2]) + lips * mask[2]
                albedo = albedo * (1 - facial) + paint.hair[k] * (0.55 + 0.9 * mask[7]) * facial
                albedo = albedo * (1 - cropped) + paint.hair[k] * (0.6 + 0.8 * mask[7]) * cropped
                wrap = _WRAP[k] * (1 - 0.6 * facial)
                image[y, x, k] = (
                    albedo * _irradiance(nx, ny, nz, sky, light, wrap, k)
                    + (highlight * light.colour[k] + rim)
                )  # fmt: skip


@njit(cache=True, fastmath=True)
def shade_eyes(canvas, surface, first, sides, texture, level, iris, light):
    """Colour and label the samples of the eyeballs.

    Args:
        canvas: the picture; samples whose owner is `first` or above are drawn.
        surface: the eyeballs.
        first: the number of their first triangle in `canvas.owner`.
        sides: (m,) uint8 label of each triangle: left eye or right eye.
        texture, level: texture with the channels brightness, iris and veins, and the mip level to use.
        iris: (3,) linear colour.
        light: `Light`.
    """
    image, owner, triangles, normals, uv = canvas.image, canvas.owner, surface.triangles, surface.normals, surface.uv
    texel = np.zeros(3, np.float32)
    hx, hy, hz = light.halfway
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x] - first
            if t < 0:
                continue
            a, b, c = triangles[t]
            wa, wb, wc = barycentric(surface.screen, a, b, c, x + 0.5, y + 0.5)
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            sky = wa * surface.openness[a] + wb * surface.openness[b] + wc * surface.openness[c]
            ca, cb, cc = surface.corners[t]
            u = wa * uv[ca, 0] + wb * uv[cb, 0] + wc * uv[cc, 0]
            v = wa * uv[ca, 1] + wb * uv[cb, 1] + wc * uv[cc, 1]
            sample(texture, level, u, v, texel)
            canvas.labels[y, x] = sides[t]
            shine = max(0.0, nx * hx + ny * hy + nz * hz) ** 140 * 1.3
            for k in range(3):
                white = (0.86, 0.80, 0.76)[k] * (1.0 - texel[2] * (0.0, 0.35, 0.35)[k])
                bright = texel[0] * texel[0]
                albedo = white * bright * (1 - texel[1]) + iris[k] * bright * 2.6 * texel[1]
                amount = _irradiance(nx, ny, nz, sky, light, 0.35, k)
                image[y, x, k] = albedo * amount * (0.85 + 0.15 * sky) + shine * light.colour[k] * (0.3 + 0.7 * sky)


@njit(cache=True, fastmath=True)
def blend_layer(canvas, cover, surface, opacity, order, texture, levels, tint, bias, thickness, light, strands):
    """Blend triangles with an alpha texture over the picture, farthest first.

    Args:
        canvas: the picture; its image is changed, and its depth hides samples behind it.
        cover: (H, W) coverage of each sample by the layer; changed in place.
        surface: the layer's mesh.
        opacity: (n,) factor on the texture's alpha at each vertex.
        order: (m,) triangles from far to near.
        texture, levels: texture with the channels brightness (0.4 gives exactly the tint), label and alpha, and the
            mip level of each triangle.
        tint: (3,) linear colour.
        bias: how far a sample may be behind the opaque surfaces and still be visible.
        thickness: how far a sample may be behind opaque samples of the layer and still be visible.
        light: `Light`.
        strands: `Strands`.
    """
    image, screen, triangles, normals, uv = canvas.image, surface.screen, surface.triangles, surface.normals, surface.uv
    openness = surface.openness
    sheen, ways = strands
    texel = np.zeros(3, np.float32)
    height, width = cover.shape
    # First pass: the depth of the layer's opaque samples, which hide others even if the triangles are sorted wrongly.
    front = canvas.depth - bias
    for index in range(2 * len(order)):
        t = order[index % len(order)]
        blending = index >= len(order)
        a, b, c = triangles[t]
        xa, ya, xb, yb, xc, yc = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if abs(area) < 1e-9:
            continue
        inverse = 1.0 / area
        x0, x1 = max(0, int(np.ceil(min(xa, xb, xc) - 0.5))), min(width - 1, int(np.floor(max(xa, xb, xc) - 0.5)))
        y0, y1 = max(0, int(np.ceil(min(ya, yb, yc) - 0.5))), min(height - 1, int(np.floor(max(ya, yb, yc) - 0.5)))
        ca, cb, cc = surface.corners[t]
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wb = ((px - xa) * (yc - ya) - (xc - xa) * (py - ya)) * inverse
                wc = ((xb - xa) * (py - ya) - (px - xa) * (yb - ya)) * inverse
                wa = 1.0 - wb - wc
                if wa < 0 or wb < 0 or wc < 0:
                    continue
                z = wa * screen[a, 2] + wb * screen[b, 2] + wc * screen[c, 2]
                if z < front[y, x]:
                    continue
                u = wa * uv[ca, 0] + wb * uv[cb, 0] + wc * uv[cc, 0]
                v = wa * uv[ca, 1] + wb * uv[cb, 1] + wc * uv[cc, 1]
                sample(texture, levels[t], u, v, texel)
                solid = wa * opacity[a] + wb * opacity[b] + wc * opacity[c]
                alpha = min(1.0, texel[2] * solid)
                if not blending:
                    if alpha > 0.9:
                        front[y, x] = max(front[y, x], z - thickness)
                    continue
                cover[y, x] += (1 - cover[y, x]) * min(1.0, texel[1] * solid)
                if alpha < 0.004:
                    continue
                nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
                ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
                nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
                side = 1.0 if nz >= 0 else -1.0
                sky = 0.25 + 0.75 * (wa * openness[a] + wb * openness[b] + wc * openness[c])
                bright = texel[0] * 2.5
                gleam = np.float32(0.0)
                if sheen > 0:
                    # Kajiya and Kay (1989): the highlight depends on the angle to the strand.
                    tx = wa * ways[a, 0] + wb * ways[b, 0] + wc * ways[c, 0]
                    ty = wa * ways[a, 1] + wb * ways[b, 1] + wc * ways[c, 1]
                    tz = wa * ways[a, 2] + wb * ways[b, 2] + wc * ways[c, 2]
                    length = np.sqrt(tx * tx + ty * ty + tz * tz) + 1e-9
                    along = (tx * light.halfway[0] + ty * light.halfway[1] + tz * light.halfway[2]) / length
                    along += 0.25 * (bright - 1)
                    across = max(0.0, 1.0 - along * along)
                    gleam = sheen * sky * bright * bright * across**12
                for k in range(3):
                    amount = _irradiance(nx * side, ny * side, nz * side, sky, light, 0.5, k)
                    shown = tint[k] * bright * bright * amount
                    shown += gleam * (0.55 * tint[k] ** 0.75 + 0.012) * light.colour[k]
                    image[y, x, k] += (shown - image[y, x, k]) * alpha
