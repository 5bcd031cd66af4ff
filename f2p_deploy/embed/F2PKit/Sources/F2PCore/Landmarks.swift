/// A place in a picture in pixels: x right, y down from the top left corner, pixel centres at .5.
public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }

    static func + (a: Point, b: Point) -> Point { Point(x: a.x + b.x, y: a.y + b.y) }
    static func - (a: Point, b: Point) -> Point { Point(x: a.x - b.x, y: a.y - b.y) }
    static func * (a: Point, k: Double) -> Point { Point(x: a.x * k, y: a.y * k) }
    var length: Double { (x * x + y * y).squareRoot() }
    func dot(_ other: Point) -> Double { x * other.x + y * other.y }

    static func mean(_ points: [Point]) -> Point {
        points.reduce(Point(x: 0, y: 0), +) * (1 / Double(max(1, points.count)))
    }
}

/// Where the eyes, the nose and the mouth of a face are; left is left in the picture.
public struct Landmarks: Sendable, Equatable {
    /// The centre of the eye's outline.
    public var leftEye: Point
    public var rightEye: Point
    public var noseTip: Point
    /// The corners of the mouth.
    public var mouthLeft: Point
    public var mouthRight: Point

    public init(leftEye: Point, rightEye: Point, noseTip: Point, mouthLeft: Point, mouthRight: Point) {
        self.leftEye = leftEye
        self.rightEye = rightEye
        self.noseTip = noseTip
        self.mouthLeft = mouthLeft
        self.mouthRight = mouthRight
    }

    /// Creates landmarks of outlines, whichever way round the finder names the sides of a face.
    ///
    /// - Parameters:
    ///   - eyes: the outlines of both eyes, in any order.
    ///   - noseCrest: points along the crest of the nose.
    ///   - lips: the outline of the lips.
    /// - Returns: nil if an outline is empty.
    public init?(eyes: ([Point], [Point]), noseCrest: [Point], lips: [Point]) {
        let centres = [Point.mean(eyes.0), Point.mean(eyes.1)]
        let down = Point.mean(lips) - Point.mean(centres)
        let right = Point(x: down.y, y: -down.x)
        guard !eyes.0.isEmpty, !eyes.1.isEmpty,
            let tip = noseCrest.max(by: { $0.dot(down) < $1.dot(down) }),
            let leftCorner = lips.min(by: { $0.dot(right) < $1.dot(right) }),
            let rightCorner = lips.max(by: { $0.dot(right) < $1.dot(right) })
        else { return nil }
        let ordered = centres.sorted { $0.dot(right) < $1.dot(right) }
        self.init(
            leftEye: ordered[0], rightEye: ordered[1], noseTip: tip, mouthLeft: leftCorner, mouthRight: rightCorner)
    }

    /// The five points in the order of `Contract.template`.
    var points: [Point] { [leftEye, rightEye, noseTip, mouthLeft, mouthRight] }

    /// How far the nose tip lies to the right of the line from mid-eyes to mid-mouth, in lengths of that line.
    var noseOffset: Double {
        let eyes = Point.mean([leftEye, rightEye])
        let mouth = Point.mean([mouthLeft, mouthRight])
        let down = mouth - eyes
        let length = down.length == 0 ? 1 : down.length
        let across = Point(x: down.y, y: -down.x) * (1 / length)
        return (noseTip - (eyes + mouth) * 0.5).dot(across) / length
    }
}
