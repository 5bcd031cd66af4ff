"""How the character's surfaces take the light: skin, eyes, and everything that is drawn with an alpha texture.

Compiled loops over the samples that `rasteriser.draw_depth` found. The viewer looks along -z; `light` is a unit vector
towards the main light, `colour` its linear RGB, and a weak fill light comes from the other side.
"""

import numpy as np
from numba import njit

from f2p_deploy.engine.rasteriser import barycentric, sample

#: How far light wraps around skin, by colour: red scatters furthest.
_WRAP = (0.42, 0.24, 0.17)
_KEY, _FILL = 0.80, 0.12


@njit(cache=True, fastmath=True, inline="always")
def _irradiance(nx, ny, nz, openness, light, colour, ambient, wrap, k):
    toward = nx * light[0] + ny * light[1] + nz * light[2]
    key = max(0.0, (toward + wrap) / (1.0 + wrap))
    fill = max(0.0, 0.3 * ny + 0.8 * nz - 0.5 * np.sign(light[0]) * nx)
    sky = ambient * (0.85 + 0.15 * ny) * openness
    return sky + (_KEY * key * colour[k] + _FILL * fill) * (0.35 + 0.65 * openness)


@njit(cache=True, fastmath=True)
def shade_skin(
    image, labels, owner, screen, normals, openness, triangles, corners, kinds, uv, texels, offsets, widths, heights,
    level, label_map, inner_mouth, skin_label, hair_label, tone, lip, lip_amount, hair, beard, scalp, light, colour, ambient,
):  # fmt: skip
    """Colour and label the samples that show skin.

    Args:
        image, labels, owner: (H, W, 3), (H, W) uint8 and (H, W) int32; samples with 0 <= owner < m are drawn.
        screen, normals, openness: vertices (n, 3), normals (n, 3), and the share of sky each vertex sees (n,).
        triangles, corners, kinds, uv: the skin's mesh and `SkinMaps.kinds` and `.uv`.
        texels, offsets, widths, heights, level: the masks (`makehuman_skin.CHANNELS`) and the mip level to read.
        label_map: (h, w) uint8 labels by texture coordinate.
        inner_mouth, skin_label, hair_label: label values of the mouth's inside, of skin outside the label map, of hair.
        tone, lip, hair: (3,) linear colours.
        lip_amount: how much of `lip` covers the lips' own colour.
        beard: (4,) density of moustache, goatee and jaw, and how solid the hairs are.
        scalp: how dark cropped hair is on the scalp.
        light, colour, ambient: the scene's light.
    """
    masks = np.zeros(11, np.float32)
    diagonal = np.sqrt(light[0] ** 2 + light[1] ** 2 + (light[2] + 1) ** 2) + 1e-6
    hx, hy, hz = light[0] / diagonal, light[1] / diagonal, (light[2] + 1) / diagonal
    offset, width, height = offsets[level], widths[level], heights[level]
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x]
            if t < 0 or t >= len(triangles):
                continue
            a, b, c = triangles[t]
            wa, wb, wc = barycentric(screen, a, b, c, x + 0.5, y + 0.5)
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx, ny, nz = nx / length, ny / length, nz / length
            sky = wa * openness[a] + wb * openness[b] + wc * openness[c]
            kind = kinds[t]
            if kind == 2:
                labels[y, x] = inner_mouth
                image[y, x, 0], image[y, x, 1], image[y, x, 2] = 0.045 + 0.1 * tone[0], 0.012, 0.012
                continue
            if kind == 0:
                ca, cb, cc = corners[t]
                u = wa * uv[ca, 0] + wb * uv[cb, 0] + wc * uv[cc, 0]
                v = wa * uv[ca, 1] + wb * uv[cb, 1] + wc * uv[cc, 1]
                sample(texels, offset, width, height, u, v, masks)
                column = min(max(int(u * label_map.shape[1]), 0), label_map.shape[1] - 1)
                row = min(max(int((1 - v) * label_map.shape[0]), 0), label_map.shape[0] - 1)
                labels[y, x] = label_map[row, column]
            else:
                masks[:] = 0.0
                masks[3] = 0.5
                masks[7] = 0.5
                labels[y, x] = skin_label
            facial = max(max(beard[0] * masks[4], beard[1] * masks[5]), beard[2] * masks[6])
            facial = min(1.0, facial * (1.0 - beard[3] + beard[3] * 2.0 * masks[7]) * 1.15)
            cropped = min(1.0, scalp * masks[8] * (0.7 + 0.6 * masks[7]))
            if cropped > 0.45:
                labels[y, x] = hair_label
            gloss = (0.045 + 0.09 * masks[9] + 0.10 * lip_amount * masks[2]) * (1 - facial) * (1 - 0.7 * cropped)
            highlight = max(0.0, nx * hx + ny * hy + nz * hz) ** 20 * gloss * (0.4 + 0.6 * sky)
            rim = (1.0 - min(1.0, max(0.0, nz))) ** 3 * 0.05 * ambient
            grain = 1.0 + (masks[3] - 0.5) * 0.55
            for k in range(3):
                red = (0.07, -0.12, -0.11)[k]
                albedo = tone[k] * grain * (1.0 + masks[0] * red * (1.25 - 0.6 * tone[0]))
                albedo *= 1.0 - masks[1] * (0.26, 0.34, 0.26)[k]
                albedo *= 1.0 - masks[10] * (0.05, 0.10, 0.08)[k]
                natural = tone[k] * (0.86, 0.56, 0.56)[k] + (0.02, 0.0, 0.003)[k]
                lips = natural * (1 - lip_amount) + lip[k] * lip_amount
                albedo = albedo * (1 - masks[2]) + lips * masks[2]
                albedo = albedo * (1 - facial) + hair[k] * (0.55 + 0.9 * masks[7]) * facial
                albedo = albedo * (1 - cropped) + hair[k] * (0.6 + 0.8 * masks[7]) * cropped
                wrap = _WRAP[k] * (1 - 0.6 * facial)
                image[y, x, k] = (
                    albedo * _irradiance(nx, ny, nz, sky, light, colour, ambient, wrap, k)
                    + (highlight * colour[k] + rim)
                )  # fmt: skip


@njit(cache=True, fastmath=True)
def shade_eyes(
    image, labels, owner, first, screen, normals, openness, triangles, corners, uv, texels, offset, width, height,
    iris, sides, light, colour, ambient,
):  # fmt: skip
    """Colour and label the samples that show the eyeballs.

    Args:
        image, labels, owner: as for `shade_skin`; samples with first <= owner are drawn.
        first: the number of the eyes' first triangle in `owner`.
        screen, normals, openness, triangles, corners, uv: the eyes' mesh.
        texels, offset, width, height: one level of the eye texture; channels are brightness, iris mask, veins.
        iris: (3,) linear colour.
        sides: (m,) uint8 label of each triangle: the eye at the left or at the right.
        light, colour, ambient: the scene's light.
    """
    texel = np.zeros(3, np.float32)
    diagonal = np.sqrt(light[0] ** 2 + light[1] ** 2 + (light[2] + 1) ** 2) + 1e-6
    hx, hy, hz = light[0] / diagonal, light[1] / diagonal, (light[2] + 1) / diagonal
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x] - first
            if t < 0:
                continue
            a, b, c = triangles[t]
            wa, wb, wc = barycentric(screen, a, b, c, x + 0.5, y + 0.5)
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            sky = wa * openness[a] + wb * openness[b] + wc * openness[c]
            ca, cb, cc = corners[t]
            u = wa * uv[ca, 0] + wb * uv[cb, 0] + wc * uv[cc, 0]
            v = wa * uv[ca, 1] + wb * uv[cb, 1] + wc * uv[cc, 1]
            sample(texels, offset, width, height, u, v, texel)
            labels[y, x] = sides[t]
            shine = max(0.0, nx * hx + ny * hy + nz * hz) ** 140 * 1.3
            for k in range(3):
                white = (0.84, 0.78, 0.74)[k] * (1.0 - texel[2] * (0.0, 0.35, 0.35)[k])
                bright = texel[0] * texel[0]
                albedo = white * bright * (1 - texel[1]) + iris[k] * bright * 2.6 * texel[1]
                amount = _irradiance(nx, ny, nz, sky, light, colour, ambient, 0.35, k)
                image[y, x, k] = albedo * amount * (0.6 + 0.4 * sky) + shine * colour[k] * (0.3 + 0.7 * sky)


@njit(cache=True, fastmath=True)
def blend_layer(
    image, cover, depth, screen, normals, openness, opacity, triangles, corners, uv, order, levels,
    texels, offsets, widths, heights, tint, bias, thickness, light, colour, ambient,
):  # fmt: skip
    """Blend triangles with an alpha texture over the picture, farthest first.

    Args:
        image: (H, W, 3), changed in place.
        cover: (H, W), how much of each sample the layer covers; changed in place.
        depth: (H, W), the opaque surfaces; samples behind them by more than `bias` are hidden.
        screen, normals, openness, triangles, corners, uv: the layer's mesh.
        opacity: (n,) factor on the texture's alpha at each vertex.
        order: (m,) triangles from far to near.
        levels: (m,) mip level of each triangle.
        texels, offsets, widths, heights: the texture; channels are brightness (0.4 is the tint itself), label, alpha.
        tint: (3,) linear colour.
        bias: how far behind the opaque surfaces a sample may lie and still be seen.
        thickness: how far behind the layer's own solid samples.
        light, colour, ambient: the scene's light.
    """
    texel = np.zeros(3, np.float32)
    height, width = depth.shape
    # The hair nearest to the viewer hides what lies behind it even where the sorting of triangles errs: its depth first.
    front = depth - bias
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
        ca, cb, cc = corners[t]
        offset, w, h = offsets[levels[t]], widths[levels[t]], heights[levels[t]]
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
                sample(texels, offset, w, h, u, v, texel)
                solid = wa * opacity[a] + wb * opacity[b] + wc * opacity[c]
                alpha = texel[2] * solid
                if not blending:
                    if alpha > 0.9:
                        front[y, x] = max(front[y, x], z - thickness)
                    continue
                cover[y, x] += (1 - cover[y, x]) * texel[1] * solid
                if alpha < 0.004:
                    continue
                nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
                ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
                nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
                side = 1.0 if nz >= 0 else -1.0
                sky = 0.25 + 0.75 * (wa * openness[a] + wb * openness[b] + wc * openness[c])
                bright = texel[0] * 2.5
                for k in range(3):
                    amount = _irradiance(nx * side, ny * side, nz * side, sky, light, colour, ambient, 0.5, k)
                    shown = tint[k] * bright * bright * amount
                    image[y, x, k] += (shown - image[y, x, k]) * alpha
