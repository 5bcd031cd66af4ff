/// A rotation, a scale and a shift of the plane: x' = a x - b y + shift.x, y' = b x + a y + shift.y.
struct Similarity: Equatable {
    let a: Double
    let b: Double
    let shift: Point

    /// Creates the transform that brings points nearest to others (least squares, no reflection).
    init(from source: [Point], onto target: [Point]) {
        let sourceMean = Point.mean(source)
        let targetMean = Point.mean(target)
        var real = 0.0
        var imaginary = 0.0
        var norm = 0.0
        for (point, wanted) in zip(source, target) {
            let s = point - sourceMean
            let t = wanted - targetMean
            real += s.x * t.x + s.y * t.y
            imaginary += s.x * t.y - s.y * t.x
            norm += s.dot(s)
        }
        a = norm == 0 ? 1 : real / norm
        b = norm == 0 ? 0 : imaginary / norm
        shift = Point(
            x: targetMean.x - (a * sourceMean.x - b * sourceMean.y), y: targetMean.y - (b * sourceMean.x + a * sourceMean.y))
    }

    private init(a: Double, b: Double, shift: Point) {
        self.a = a
        self.b = b
        self.shift = shift
    }

    /// How much longer a line gets.
    var scale: Double { (a * a + b * b).squareRoot() }

    func apply(_ point: Point) -> Point {
        Point(x: a * point.x - b * point.y + shift.x, y: b * point.x + a * point.y + shift.y)
    }

    var inverse: Similarity {
        let norm = a * a + b * b
        let back = Similarity(a: a / norm, b: -b / norm, shift: Point(x: 0, y: 0))
        let shifted = back.apply(shift)
        return Similarity(a: back.a, b: back.b, shift: Point(x: -shifted.x, y: -shifted.y))
    }
}
