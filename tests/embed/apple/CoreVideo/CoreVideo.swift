// What F2PKit uses of Core Video; see CoreGraphics.swift beside it. Rows are padded, as on a device.

import Foundation

public typealias CFDictionary = NSDictionary
public typealias CFAllocator = NSObject
public typealias CVReturn = Int32
public typealias OSType = UInt32

public struct CVPixelBufferLockFlags: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

public let kCVReturnSuccess: CVReturn = 0
public let kCVPixelFormatType_32BGRA: OSType = 0x4247_5241
nonisolated(unsafe) public let kCVPixelBufferIOSurfacePropertiesKey: NSString = "IOSurfaceProperties"

public final class CVPixelBuffer {
    public let width: Int
    public let height: Int
    public let bytesPerRow: Int
    public let base: UnsafeMutableRawPointer
    public private(set) var locks = 0

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        bytesPerRow = 4 * width + 64
        base = UnsafeMutableRawPointer.allocate(byteCount: bytesPerRow * height, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0xAB, count: bytesPerRow * height)
    }

    deinit { base.deallocate() }

    func lock() { locks += 1 }
    func unlock() { locks -= 1 }
}

public func CVPixelBufferCreate(
    _ allocator: CFAllocator?, _ width: Int, _ height: Int, _ format: OSType, _ attributes: CFDictionary?,
    _ made: UnsafeMutablePointer<CVPixelBuffer?>
) -> CVReturn {
    guard format == kCVPixelFormatType_32BGRA else { return -6680 }
    made.pointee = CVPixelBuffer(width: width, height: height)
    return kCVReturnSuccess
}

@discardableResult
public func CVPixelBufferLockBaseAddress(_ buffer: CVPixelBuffer, _ flags: CVPixelBufferLockFlags) -> CVReturn {
    buffer.lock()
    return kCVReturnSuccess
}

@discardableResult
public func CVPixelBufferUnlockBaseAddress(_ buffer: CVPixelBuffer, _ flags: CVPixelBufferLockFlags) -> CVReturn {
    buffer.unlock()
    return kCVReturnSuccess
}

public func CVPixelBufferGetBaseAddress(_ buffer: CVPixelBuffer) -> UnsafeMutableRawPointer? {
    buffer.locks > 0 ? buffer.base : nil
}

public func CVPixelBufferGetBytesPerRow(_ buffer: CVPixelBuffer) -> Int { buffer.bytesPerRow }
