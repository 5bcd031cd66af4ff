import Foundation

/// A photo's face in the place of the average face.
public struct AlignedFace: Sendable {
    /// `imageSize` x `imageSize`.
    public let picture: Picture
    /// Sentences about what may spoil the character.
    public let warnings: [String]
}

/// Photo to aligned face: the similarity transform onto the average face (section 3.6 of the paper).
struct Alignment {
    let contract: Contract

    /// Warps one face onto the average face.
    ///
    /// - Throws: `F2PError` of the kind `tooSmall`, `turned`, or `invalidInput` where the landmarks are not a face's.
    func align(_ photo: Picture, _ face: Landmarks) throws -> AlignedFace {
        var warnings = try check(face)
        let size = contract.imageSize
        let target = contract.template.map { Point(x: $0[0] * Double(size), y: $0[1] * Double(size)) }
        let toFace = Similarity(from: face.points, onto: target)
        let squares = zip(face.points, target).map { point, wanted in
            let off = toFace.apply(point) - wanted
            return off.dot(off)
        }
        let residual = (squares.reduce(0, +) / Double(squares.count)).squareRoot() / Double(size)
        guard residual <= contract.limits.largestResidual else {
            throw F2PError(
                .invalidInput, "the landmarks are not those of a face: they lie \(percent(residual)) of the picture off")
        }
        if 1 - insideFraction(photo, toFace, size) > contract.limits.largeOutside {
            warnings.append(
                "the face is close to the photo's edge or cut by it; what is missing was continued from the edge")
        }
        return AlignedFace(picture: warped(photo, by: toFace, size: size), warnings: warnings)
    }

    /// Returns the warnings about a face, or throws if nothing good can come of it.
    private func check(_ face: Landmarks) throws -> [String] {
        let limits = contract.limits
        let yaw = min(90, abs(limits.yawPerOffset * face.noseOffset))
        let distance = limits.outerOverCentres * (face.rightEye - face.leftEye).length
        guard distance >= limits.smallestEyeDistance * cosine(min(yaw, limits.largestYaw)) else {
            throw F2PError(
                .tooSmall,
                "the face is too small: \(Int(distance.rounded(.down))) pixels between the outer eye corners, "
                    + "at least \(Int(limits.smallestEyeDistance)) are needed")
        }
        guard yaw <= limits.largestYaw else {
            throw F2PError(
                .turned,
                "the head is turned too far (\(Int(yaw.rounded())) degrees, limit \(Int(limits.largestYaw))); "
                    + "take a frontal photo")
        }
        var warnings: [String] = []
        if distance < limits.smallEyeDistance * cosine(yaw) {
            warnings.append(
                "the face is small (\(Int(distance.rounded(.down))) pixels between the outer eye corners); "
                    + "a closer photo gives a better character")
        }
        if yaw > limits.largeYaw {
            warnings.append(
                "the head is turned by \(Int(yaw.rounded())) degrees: one-shot is more robust to that than iterative")
        }
        return warnings
    }

    private func cosine(_ degrees: Double) -> Double { cos(degrees * .pi / 180) }

    private func percent(_ fraction: Double) -> String { "\(Int((100 * fraction).rounded())) %" }
}
