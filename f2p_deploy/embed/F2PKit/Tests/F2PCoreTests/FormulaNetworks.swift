import Foundation

@testable import F2PCore

/// Networks that compute a content loss by formula, as f2p-deploy's Python side does for the cases of ReferenceTests.
struct FormulaNetworks: Networks {
    /// What two options cost where both are chosen.
    struct Pair: Decodable {
        let first: Int
        let second: Int
        let cost: Float
    }

    /// How many characters one call takes.
    let count: Int
    let loss: Float
    /// The cost of each parameter.
    let single: [Float]
    let pairs: [Pair]
    let loaded = Loaded()

    func load(_ graphs: [String]) async throws { loaded.set(graphs) }

    func oneShot(_ face: Picture) async throws -> [Float] { single }

    /// The content is the brightness of the first pixel.
    func describe(_ face: Picture) async throws -> Description {
        Description(identity: [1], content: [Float(face.pixels[0]) / 255])
    }

    /// The picture is as bright as the first controller says.
    func render(_ parameters: [Float]) async throws -> Picture {
        try Picture(width: 1, height: 1, pixels: [UInt8](repeating: UInt8((255 * parameters[0]).rounded()), count: 3))
    }

    /// Through the shortcut, brighter is better; otherwise nothing moves.
    func step(_ step: Step, towards photo: Description, fast: Bool) async throws -> Stepped {
        var next = step.state
        if fast && step.learningRate > 0 {
            next[0] = min(1, next[0] + 0.1)
        }
        return Stepped(next: next, loss: fast ? 2 - step.state[0] : 3, lookahead: step.state)
    }

    func compareFast(_ characters: [[Float]], with photo: Description) async throws -> Compared {
        guard characters.count == count else {
            throw F2PError(.modelFailed, "compare_fast takes \(count) characters, found \(characters.count)")
        }
        let losses = characters.map { character in
            let costs = zip(single, character).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            return pairs.reduce(loss + costs) { $0 + $1.cost * character[$1.first] * character[$1.second] }
        }
        return Compared(losses: losses, contentLosses: losses)
    }
}

/// The graphs that were loaded last.
final class Loaded: @unchecked Sendable {
    private let lock = NSLock()
    private var graphs: [String] = []

    func set(_ graphs: [String]) { lock.withLock { self.graphs = graphs } }
    var names: [String] { lock.withLock { graphs } }
}

/// A finder that finds nobody.
struct NoFaces: FaceFinder {
    func faces(in photo: Picture) async throws -> [Landmarks] { [] }
}
