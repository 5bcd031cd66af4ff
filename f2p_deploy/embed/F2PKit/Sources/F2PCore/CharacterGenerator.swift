/// One character made from one photo.
public struct Generation: Sendable {
    /// Discrete groups one-hot, as a game needs them.
    public let parameters: Parameters
    /// The same vector with the discrete groups as the networks left them.
    public let probabilities: [Float]
    /// How it was made.
    public let mode: Mode
    /// The loss before each step and after the last; empty for one-shot.
    public let losses: [Float]
}

/// How far a search is.
public struct SearchProgress: Sendable, Equatable {
    /// Steps done.
    public let done: Int
    /// Steps in all.
    public let total: Int
    /// The loss before the last step.
    public let loss: Float
}

/// Called after every step, on whatever thread made it.
public typealias ProgressHandler = @Sendable (SearchProgress) -> Void

/// Whatever finds the faces of a photo.
public protocol FaceFinder: Sendable {
    /// Returns the landmarks of all faces, the largest first.
    func faces(in photo: Picture) async throws -> [Landmarks]
}

/// Makes characters from photos. Safe to share: calls from several tasks take turns at the networks.
public final class CharacterGenerator: CharacterMaker {
    /// What the networks were made for.
    public let contract: Contract
    private let networks: any Networks
    private let finder: any FaceFinder

    /// Creates a generator of parts; `CharacterGenerator.bundled()` of F2PKit makes one of this package's own models.
    public init(contract: Contract, networks: any Networks, finder: any FaceFinder) {
        self.contract = contract
        self.networks = networks
        self.finder = finder
    }

    public var schema: Schema { contract.schema }

    public var imageSize: Int { contract.imageSize }

    public func warmUp(mode: Mode, fast: Bool? = nil) async throws {
        let fast = try goesFast(mode, fast)
        let grey = Picture(checked: imageSize, imageSize, [UInt8](repeating: 128, count: 3 * imageSize * imageSize))
        try await networks.load(graphs(mode, fast))
        if mode != .iterative {
            _ = try await networks.oneShot(grey)
        }
        if mode != .oneShot {
            let photo = try await networks.describe(grey)
            let first = contract.firstState
            let step = Step(
                state: first, before: first, locked: first.map { _ in 0 }, learningRate: 0, momentum: 0,
                beta: contract.iterative.beta, discreteRate: contract.iterative.discreteRate)
            _ = try await networks.step(step, towards: photo, fast: fast)
            if fast, contract.chooseOptions, let count = contract.comparedAtOnce {
                _ = try await networks.compareFast(Array(repeating: schema.average.values, count: count), with: photo)
            }
        }
        if contract.graphs["render"] != nil {
            _ = try await networks.render(schema.average.values)
        }
    }

    public func align(photo: Picture) async throws -> AlignedFace {
        let faces = try await finder.faces(in: photo)
        guard let largest = faces.first else {
            throw F2PError(.noFace, "no face was found; take a photo of one face, from the front and evenly lit")
        }
        let aligned = try align(photo, largest)
        guard faces.count > 1 else { return aligned }
        return AlignedFace(
            picture: aligned.picture, warnings: ["\(faces.count) faces were found; the largest was taken"] + aligned.warnings)
    }

    /// Warps a face whose landmarks are known onto the average face; see `align(photo:)`.
    public func align(_ photo: Picture, _ landmarks: Landmarks) throws -> AlignedFace {
        try Alignment(contract: contract).align(photo, landmarks)
    }

    public func generate(
        face: Picture, mode: Mode = .hybrid, keep: Parameters? = nil, fast: Bool? = nil,
        progress: ProgressHandler? = nil
    ) async throws -> Generation {
        guard face.width == imageSize, face.height == imageSize else {
            throw F2PError(
                .invalidInput, "an aligned face is \(imageSize) x \(imageSize), found \(face.width) x \(face.height): align it")
        }
        try requireSchema(keep)
        let fast = try goesFast(mode, fast)
        try Task.checkCancellation()
        if mode == .oneShot {
            return finish(try await networks.oneShot(face), mode, [], keep, lead: contract.standardLead)
        }
        let settings = mode == .iterative ? contract.iterative : contract.hybrid
        var start = contract.firstState
        if mode == .hybrid {
            start = schema.state(try await networks.oneShot(face), beta: settings.beta)
        }
        let locked = keep?.lockedMask
        if let keep, let locked {
            let kept = schema.state(keep.values, beta: settings.beta)
            start = zip(locked, zip(kept, start)).map { $0 ? $1.0 : $1.1 }
        }
        let photo = try await networks.describe(face)
        if contract.chooseOptions {
            // Before the search, since one that goes on in the wrong skin tone bends the face to make up for it.
            let first = schema.hardened(schema.smoothed(start, beta: settings.beta), lead: contract.standardLead)
            start = schema.state(
                try await options(first, towards: photo, locked: locked, fast: fast), beta: settings.beta)
        }
        let search = Search(networks: networks, schema: schema, settings: settings, fast: fast)
        var found = try await search.run(from: start, towards: photo, locked: locked, progress: progress)
        if fast {
            found = try await Judge(networks: networks, contract: contract).better(
                of: schema.smoothed(start, beta: settings.beta), and: found, towards: photo, keepBest: settings.keepBest)
        }
        return finish(found.parameters, mode, found.losses, keep, lead: 0)
    }

    public func render(parameters: Parameters) async throws -> Picture {
        try requireSchema(parameters)
        return try await networks.render(parameters.values)
    }

    /// The graphs that a mode needs, and the one that draws its character if this package has it.
    private func graphs(_ mode: Mode, _ fast: Bool) -> [String] {
        let drawn = contract.graphs["render"] == nil ? [] : ["render"]
        var search = ["describe", fast ? "step_fast" : "step"] + (fast || contract.chooseOptions ? ["render"] : drawn)
        if fast && contract.chooseOptions {
            search.append("compare_fast")
        }
        switch mode {
        case .oneShot: return ["one_shot"] + drawn
        case .iterative: return search
        case .hybrid: return ["one_shot"] + search
        }
    }

    /// Returns whether a mode searches through the shortcut: as the call asks, else as the contract says.
    private func goesFast(_ mode: Mode, _ asked: Bool?) throws -> Bool {
        guard mode != .oneShot, asked ?? contract.fast else { return false }
        if let lacking = graphs(mode, true).first(where: { contract.graphs[$0] == nil }) {
            throw F2PError(
                .invalidInput,
                "a fast search needs the graph '\(lacking)', which this package lacks: train a shortcut, export and embed "
                    + "again, or search without it")
        }
        return true
    }

    /// Returns parameters with the best option of each discrete group.
    private func options(
        _ values: [Float], towards photo: Description, locked: [Bool]?, fast: Bool
    ) async throws -> [Float] {
        guard fast else {
            return try await OptionChooser(networks: networks, contract: contract).run(
                values, towards: photo, locked: locked)
        }
        guard let count = contract.comparedAtOnce, count > 0 else {
            throw F2PError(.missing, "the contract does not say how many characters compare_fast takes: embed again")
        }
        return try await FastOptionChooser(networks: networks, contract: contract, count: count).run(
            values, towards: photo, locked: locked)
    }

    private func requireSchema(_ parameters: Parameters?) throws {
        if let parameters, parameters.schema.fingerprint != schema.fingerprint {
            throw F2PError(
                .invalidInput, "the parameters are for schema '\(parameters.schema.name)', the networks for '\(schema.name)'")
        }
    }

    /// Puts locked values back and leaves one option of each discrete group.
    private func finish(
        _ values: [Float], _ mode: Mode, _ losses: [Float], _ keep: Parameters?, lead: Float
    ) -> Generation {
        let probabilities = keep?.merged(values) ?? values
        let hard = schema.hardened(probabilities, lead: lead)
        return Generation(
            parameters: Parameters(unchecked: schema, hard, keep?.locked ?? []), probabilities: probabilities, mode: mode,
            losses: losses)
    }
}
