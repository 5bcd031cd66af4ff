extension Contract {
    /// Returns the content loss (eq. 6): the L1 distance of two contents.
    func contentLoss(_ a: [Float], _ b: [Float]) -> Float {
        let sum = zip(a, b).reduce(0.0) { $0 + Double(abs($1.0 - $1.1)) }
        return Float(contentReduction == "mean" ? sum / Double(max(1, a.count)) : sum)
    }

    /// Returns the loss of a drawn character beside a photo (eq. 9).
    func trueLoss(of drawn: Description, beside photo: Description) -> Float {
        let product = zip(drawn.identity, photo.identity).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let lengths = [drawn.identity, photo.identity].map { vector in
            vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        let cosine = product / max(lengths[0] * lengths[1], Contract.smallestLength)
        let content = Double(contentLoss(photo.content, drawn.content))
        return Float(lossWeights.identity * (1 - cosine) + lossWeights.content * content)
    }

    /// The product of two embeddings' lengths counts as this where it is below.
    private static let smallestLength = 1e-8
}

/// Judges a search through the shortcut by the picture of its result: a poor shortcut cannot make a character worse.
struct Judge {
    let networks: any Networks
    let contract: Contract

    /// Lets the true networks choose between the start and the result of a search through the shortcut.
    ///
    /// - Parameters:
    ///   - start: parameters that the search began with.
    ///   - found: parameters that it ended with, and its losses through the shortcut.
    ///   - keepBest: false to return the result in any case.
    /// - Returns: the better parameters; the first and the last loss are the true ones of the start and of these.
    func better(
        of start: [Float], and found: (parameters: [Float], losses: [Float]), towards photo: Description, keepBest: Bool
    ) async throws -> (parameters: [Float], losses: [Float]) {
        let first = try await loss(of: start, beside: photo)
        let last = try await loss(of: found.parameters, beside: photo)
        let (parameters, loss) = keepBest && first <= last ? (start, first) : (found.parameters, last)
        return (parameters, [first] + found.losses.dropFirst().dropLast() + [loss])
    }

    private func loss(of parameters: [Float], beside photo: Description) async throws -> Float {
        try Task.checkCancellation()
        return contract.trueLoss(
            of: try await networks.describe(try await networks.render(parameters)), beside: photo)
    }
}
