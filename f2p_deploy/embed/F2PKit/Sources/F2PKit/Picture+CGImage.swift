#if canImport(CoreGraphics)
    import CoreGraphics
    import F2PCore
    import Foundation

    extension Picture {
        /// Creates a picture of an image, in sRGB; what is transparent lies on black.
        ///
        /// The image is taken as it lies: turn a photo upright first (`UIImage` and `CIImage` know its orientation).
        ///
        /// - Throws: `F2PError` of the kind `invalidInput` if the image cannot be drawn.
        public init(_ image: CGImage) throws {
            let (width, height) = (image.width, image.height)
            guard let space = CGColorSpace(name: CGColorSpace.sRGB),
                let context = CGContext(
                    data: nil, width: width, height: height, bitsPerComponent: 8, bytesPerRow: 4 * width, space: space,
                    bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
            else {
                throw F2PError(.invalidInput, "an image of \(width) x \(height) cannot be drawn")
            }
            context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
            guard let data = context.data else {
                throw F2PError(.invalidInput, "an image of \(width) x \(height) has no pixels")
            }
            let bytes = data.assumingMemoryBound(to: UInt8.self)
            var pixels = [UInt8](repeating: 0, count: 3 * width * height)
            for i in 0..<(width * height) {
                pixels[3 * i] = bytes[4 * i]
                pixels[3 * i + 1] = bytes[4 * i + 1]
                pixels[3 * i + 2] = bytes[4 * i + 2]
            }
            try self.init(width: width, height: height, pixels: pixels)
        }

        /// Returns the picture as an image in sRGB.
        ///
        /// - Throws: `F2PError` of the kind `invalidInput` if there is no memory for it.
        public func cgImage() throws -> CGImage {
            var bytes = [UInt8](repeating: 255, count: 4 * width * height)
            for i in 0..<(width * height) {
                bytes[4 * i] = pixels[3 * i]
                bytes[4 * i + 1] = pixels[3 * i + 1]
                bytes[4 * i + 2] = pixels[3 * i + 2]
            }
            guard let provider = CGDataProvider(data: Data(bytes) as CFData),
                let space = CGColorSpace(name: CGColorSpace.sRGB),
                let image = CGImage(
                    width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 32, bytesPerRow: 4 * width,
                    space: space, bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.noneSkipLast.rawValue),
                    provider: provider, decode: nil, shouldInterpolate: false, intent: .defaultIntent)
            else {
                throw F2PError(.invalidInput, "no image of \(width) x \(height) can be made")
            }
            return image
        }
    }
#endif
