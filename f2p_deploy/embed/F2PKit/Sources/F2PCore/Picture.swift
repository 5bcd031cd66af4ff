/// A picture: RGB, 8 bits a channel, row by row from the top left corner.
public struct Picture: Sendable, Equatable {
    /// Pixels in a row.
    public let width: Int
    /// Number of rows.
    public let height: Int
    /// `3 * width * height` numbers: red, green and blue of each pixel in turn.
    public let pixels: [UInt8]

    /// Creates a picture of its pixels.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` if there are not `3 * width * height` numbers.
    public init(width: Int, height: Int, pixels: [UInt8]) throws {
        guard width > 0, height > 0, pixels.count == 3 * width * height else {
            throw F2PError(
                .invalidInput, "a picture of \(width) x \(height) has \(3 * width * height) numbers, found \(pixels.count)")
        }
        self.init(checked: width, height, pixels)
    }

    /// Creates a square picture of what a network drew.
    ///
    /// - Parameters:
    ///   - planes: `3 * edge * edge` numbers in [0, 1]: all of red, all of green, all of blue.
    ///   - edge: pixels in a row.
    public init(planes: [Float], edge: Int) {
        let count = edge * edge
        var pixels = [UInt8](repeating: 0, count: 3 * count)
        for channel in 0..<3 {
            for i in 0..<count {
                let value = (planes[channel * count + i] * 255).rounded(.toNearestOrEven)
                pixels[3 * i + channel] = UInt8(max(0, min(255, value)))
            }
        }
        self.init(checked: edge, edge, pixels)
    }

    init(checked width: Int, _ height: Int, _ pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
