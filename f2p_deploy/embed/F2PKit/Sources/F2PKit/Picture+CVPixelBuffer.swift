#if canImport(CoreVideo)
    import CoreVideo
    import F2PCore
    import Foundation

    extension Picture {
        /// Returns the picture as Core ML takes it: 8 bits a channel, blue, green, red and alpha.
        ///
        /// - Throws: `F2PError` of the kind `modelFailed` if there is no memory for it.
        func pixelBuffer() throws -> CVPixelBuffer {
            var made: CVPixelBuffer?
            let attributes = [kCVPixelBufferIOSurfacePropertiesKey: [:] as [String: Any]] as CFDictionary
            let status = CVPixelBufferCreate(nil, width, height, kCVPixelFormatType_32BGRA, attributes, &made)
            guard status == kCVReturnSuccess, let buffer = made else {
                throw F2PError(.modelFailed, "no pixel buffer of \(width) x \(height) can be made (\(status))")
            }
            CVPixelBufferLockBaseAddress(buffer, [])
            defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
            guard let base = CVPixelBufferGetBaseAddress(buffer) else {
                throw F2PError(.modelFailed, "a pixel buffer has no memory")
            }
            let bytesPerRow = CVPixelBufferGetBytesPerRow(buffer)
            for row in 0..<height {
                let line = base.advanced(by: row * bytesPerRow).assumingMemoryBound(to: UInt8.self)
                for column in 0..<width {
                    let source = 3 * (row * width + column)
                    line[4 * column] = pixels[source + 2]
                    line[4 * column + 1] = pixels[source + 1]
                    line[4 * column + 2] = pixels[source]
                    line[4 * column + 3] = 255
                }
            }
            return buffer
        }
    }
#endif
