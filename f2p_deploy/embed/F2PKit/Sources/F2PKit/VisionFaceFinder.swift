#if canImport(Vision)
    import CoreGraphics
    import F2PCore
    import Foundation
    import Vision

    /// Finds faces with Vision's landmarks, which come with the system.
    public struct VisionFaceFinder: FaceFinder {
        public init() {}

        public func faces(in photo: Picture) async throws -> [Landmarks] {
            let request = VNDetectFaceLandmarksRequest()
            let image = try photo.cgImage()
            do {
                try VNImageRequestHandler(cgImage: image, options: [:]).perform([request])
            } catch {
                throw F2PError(.modelFailed, "Vision cannot look for faces: \(error.localizedDescription)")
            }
            let largestFirst = (request.results ?? []).sorted { area($0) > area($1) }
            return largestFirst.compactMap { landmarks($0, CGSize(width: photo.width, height: photo.height)) }
        }

        private func area(_ face: VNFaceObservation) -> CGFloat {
            face.boundingBox.width * face.boundingBox.height
        }

        private func landmarks(_ face: VNFaceObservation, _ size: CGSize) -> Landmarks? {
            guard let found = face.landmarks, let left = found.leftEye, let right = found.rightEye,
                let crest = found.noseCrest, let lips = found.outerLips
            else { return nil }
            // Vision counts y upwards from the lower edge.
            func points(_ region: VNFaceLandmarkRegion2D) -> [Point] {
                region.pointsInImage(imageSize: size).map { Point(x: Double($0.x), y: Double(size.height - $0.y)) }
            }
            return Landmarks(eyes: (points(left), points(right)), noseCrest: points(crest), lips: points(lips))
        }
    }
#endif
