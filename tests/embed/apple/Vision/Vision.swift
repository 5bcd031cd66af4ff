// What F2PKit uses of Vision, answered by f2p-deploy's own finder of landmarks; see CoreGraphics.swift beside it.

import CoreGraphics
import CoreML
import Foundation

public class VNRequest: NSObject {}

public final class VNDetectFaceLandmarksRequest: VNRequest {
    public fileprivate(set) var results: [VNFaceObservation]?
}

public final class VNFaceObservation: NSObject {
    public let boundingBox: CGRect
    public let landmarks: VNFaceLandmarks2D?

    init(_ box: CGRect, _ landmarks: VNFaceLandmarks2D) {
        boundingBox = box
        self.landmarks = landmarks
    }
}

public final class VNFaceLandmarks2D: NSObject {
    public fileprivate(set) var leftEye: VNFaceLandmarkRegion2D?
    public fileprivate(set) var rightEye: VNFaceLandmarkRegion2D?
    public fileprivate(set) var noseCrest: VNFaceLandmarkRegion2D?
    public fileprivate(set) var outerLips: VNFaceLandmarkRegion2D?
}

public final class VNFaceLandmarkRegion2D: NSObject {
    private let points: [CGPoint]
    init(_ points: [CGPoint]) { self.points = points }

    /// Vision counts y upwards from the lower edge.
    public func pointsInImage(imageSize: CGSize) -> [CGPoint] {
        points.map { CGPoint(x: $0.x, y: imageSize.height - $0.y) }
    }
}

public struct VNImageOption: Hashable, Sendable {}

public final class VNImageRequestHandler: NSObject {
    private let image: CGImage
    public init(cgImage: CGImage, options: [VNImageOption: Any]) { image = cgImage }

    public func perform(_ requests: [VNRequest]) throws {
        var message = Host.Message(what: "faces", model: "", function: nil)
        message.values = [.init(name: "photo", shape: [image.height, image.width, 4], bytes: "rgbx")]
        let (reply, bytes) = try Host.ask(message, [image.rgbx])
        let numbers = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        var start = 0
        var faces: [VNFaceObservation] = []
        var landmarks = VNFaceLandmarks2D()
        for value in reply.values {
            let count = value.shape.reduce(1, *)
            let points = stride(from: start, to: start + count, by: 2).map {
                CGPoint(x: CGFloat(numbers[$0]), y: CGFloat(numbers[$0 + 1]))
            }
            start += count
            let region = VNFaceLandmarkRegion2D(points)
            switch value.name {
            case "leftEye": landmarks.leftEye = region
            case "rightEye": landmarks.rightEye = region
            case "noseCrest": landmarks.noseCrest = region
            case "outerLips": landmarks.outerLips = region
            default:
                let box = CGRect(x: points[0].x, y: points[0].y, width: points[1].x, height: points[1].y)
                faces.append(VNFaceObservation(box, landmarks))
                landmarks = VNFaceLandmarks2D()
            }
        }
        (requests.first as? VNDetectFaceLandmarksRequest)?.results = faces
    }
}
