/// Draws a transformed square of a photo, as f2p-deploy's Python side does.
///
/// Where the photo shrinks, it is averaged over whole pixels first and drawn at twice the size after, so that fine
/// texture does not turn into patterns. Beyond the photo's edge its outermost pixels go on.
func warped(_ photo: Picture, by toSquare: Similarity, size: Int) -> Picture {
    let reduction = max(1, Int((1 / toSquare.scale).rounded(.down)))
    let oversampling = toSquare.scale < 1 ? 2 : 1
    let back = toSquare.inverse
    let (window, origin) = window(photo, back, size: size, margin: 3 * reduction)
    let source = reduction > 1 ? reduced(window, by: reduction) : window
    let edge = size * oversampling
    let unit = Double(oversampling * reduction)
    var pixels = [UInt8](repeating: 0, count: 3 * edge * edge)
    for row in 0..<edge {
        for column in 0..<edge {
            let x = Double(column) + 0.5
            let y = Double(row) + 0.5
            let place = Point(
                x: (back.a * x - back.b * y) / unit + (back.shift.x - origin.x) / Double(reduction),
                y: (back.b * x + back.a * y) / unit + (back.shift.y - origin.y) / Double(reduction))
            sample(source, place, into: &pixels, at: 3 * (row * edge + column))
        }
    }
    let drawn = Picture(checked: edge, edge, pixels)
    return oversampling > 1 ? reduced(drawn, by: oversampling) : drawn
}

/// Returns which part of a warped square lies inside the photo, in [0, 1].
func insideFraction(_ photo: Picture, _ toSquare: Similarity, _ size: Int) -> Double {
    let back = toSquare.inverse
    let cells = 32
    var inside = 0
    for row in 0..<cells {
        for column in 0..<cells {
            let cell = Double(size) / Double(cells)
            let place = back.apply(Point(x: (Double(column) + 0.5) * cell, y: (Double(row) + 0.5) * cell))
            if place.x >= 0, place.x <= Double(photo.width), place.y >= 0, place.y <= Double(photo.height) {
                inside += 1
            }
        }
    }
    return Double(inside) / Double(cells * cells)
}

/// Cuts out the part of a photo that a warp reads, its edge pixels repeated beyond the photo, and its origin.
private func window(_ photo: Picture, _ back: Similarity, size: Int, margin: Int) -> (Picture, origin: Point) {
    let edge = Double(size)
    let corners = [(0.0, 0.0), (edge, 0.0), (0.0, edge), (edge, edge)].map { back.apply(Point(x: $0.0, y: $0.1)) }
    let xs = corners.map(\.x)
    let ys = corners.map(\.y)
    let left = Int((xs.min() ?? 0).rounded(.down)) - margin
    let top = Int((ys.min() ?? 0).rounded(.down)) - margin
    let width = Int((xs.max() ?? 0).rounded(.up)) + margin - left
    let height = Int((ys.max() ?? 0).rounded(.up)) + margin - top
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for row in top..<(top + height) {
        let line = max(0, min(photo.height - 1, row)) * photo.width
        for column in left..<(left + width) {
            let start = 3 * (line + max(0, min(photo.width - 1, column)))
            pixels.append(contentsOf: photo.pixels[start..<(start + 3)])
        }
    }
    return (Picture(checked: width, height, pixels), Point(x: Double(left), y: Double(top)))
}

/// Averages squares of pixels; those cut off at the right and lower edge are averaged over what there is of them.
private func reduced(_ picture: Picture, by factor: Int) -> Picture {
    let width = (picture.width + factor - 1) / factor
    let height = (picture.height + factor - 1) / factor
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for row in 0..<height {
        let rows = (row * factor)..<min(picture.height, (row + 1) * factor)
        for column in 0..<width {
            let columns = (column * factor)..<min(picture.width, (column + 1) * factor)
            let count = rows.count * columns.count
            for channel in 0..<3 {
                var sum = count / 2
                for y in rows {
                    for x in columns {
                        sum += Int(picture.pixels[3 * (y * picture.width + x) + channel])
                    }
                }
                pixels[3 * (row * width + column) + channel] = UInt8(sum / count)
            }
        }
    }
    return Picture(checked: width, height, pixels)
}

/// Draws one pixel by bicubic interpolation (a = -1) of the sixteen around a place; black beyond the picture.
private func sample(_ picture: Picture, _ place: Point, into pixels: inout [UInt8], at index: Int) {
    guard place.x >= 0, place.x < Double(picture.width), place.y >= 0, place.y < Double(picture.height) else { return }
    let left = (place.x - 0.5).rounded(.down)
    let top = (place.y - 0.5).rounded(.down)
    let dx = place.x - 0.5 - left
    let dy = place.y - 0.5 - top
    for channel in 0..<3 {
        var rows = (0.0, 0.0, 0.0, 0.0)
        withUnsafeMutableBytes(of: &rows) { bytes in
            let values = bytes.bindMemory(to: Double.self)
            for i in 0..<4 {
                let line = max(0, min(picture.height - 1, Int(top) + i - 1)) * picture.width
                func pixel(_ offset: Int) -> Double {
                    let column = max(0, min(picture.width - 1, Int(left) + offset))
                    return Double(picture.pixels[3 * (line + column) + channel])
                }
                values[i] = cubic(pixel(-1), pixel(0), pixel(1), pixel(2), dx)
            }
        }
        pixels[index + channel] = UInt8(max(0, min(255, cubic(rows.0, rows.1, rows.2, rows.3, dy))))
    }
}

private func cubic(_ v1: Double, _ v2: Double, _ v3: Double, _ v4: Double, _ d: Double) -> Double {
    let p2 = v3 - v1
    let p3 = 2 * (v1 - v2) + v3 - v4
    let p4 = v2 - v1 + v4 - v3
    return v2 + d * (p2 + d * (p3 + d * p4))
}
