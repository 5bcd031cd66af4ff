// What F2PKit uses of Core Graphics, so that its own sources compile and run where there is no Apple system.
// Signatures are those of Apple's documentation; only 8-bit RGB without transformations is drawn.

import Foundation

public typealias CFData = NSData

public enum CGImageAlphaInfo: UInt32, Sendable {
    case none = 0, premultipliedLast, premultipliedFirst, last, first, noneSkipLast, noneSkipFirst, alphaOnly
}

public struct CGBitmapInfo: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

public enum CGColorRenderingIntent: Int32, Sendable {
    case defaultIntent = 0
}

public final class CGColorSpace {
    nonisolated(unsafe) public static let sRGB: NSString = "kCGColorSpaceSRGB"
    public init?(name: NSString) {}
}

public final class CGDataProvider {
    let data: Data
    public init?(data: CFData) { self.data = Data(referencing: data) }
}

public final class CGImage {
    public let width: Int
    public let height: Int
    /// Red, green, blue and one byte that counts nothing.
    public let rgbx: Data

    public init?(
        width: Int, height: Int, bitsPerComponent: Int, bitsPerPixel: Int, bytesPerRow: Int, space: CGColorSpace,
        bitmapInfo: CGBitmapInfo, provider: CGDataProvider, decode: UnsafePointer<CGFloat>?, shouldInterpolate: Bool,
        intent: CGColorRenderingIntent
    ) {
        guard bitsPerComponent == 8, bitsPerPixel == 32, bytesPerRow == 4 * width,
            bitmapInfo.rawValue == CGImageAlphaInfo.noneSkipLast.rawValue, provider.data.count == bytesPerRow * height
        else { return nil }
        self.width = width
        self.height = height
        rgbx = provider.data
    }
}

public final class CGContext {
    public let data: UnsafeMutableRawPointer?
    private let count: Int

    public init?(
        data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int, bytesPerRow: Int,
        space: CGColorSpace, bitmapInfo: UInt32
    ) {
        guard data == nil, bitsPerComponent == 8, bytesPerRow == 4 * width,
            bitmapInfo == CGImageAlphaInfo.noneSkipLast.rawValue
        else { return nil }
        count = bytesPerRow * height
        self.data = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
    }

    deinit { data?.deallocate() }

    public func draw(_ image: CGImage, in rectangle: CGRect) {
        precondition(image.rgbx.count == count && rectangle.origin == .zero)
        image.rgbx.withUnsafeBytes { data?.copyMemory(from: $0.baseAddress!, byteCount: count) }
    }
}
