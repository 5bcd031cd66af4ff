import Foundation

/// One character: the value of every controller and the choice of every discrete group.
public struct Parameters: Sendable, Equatable {
    /// What the values mean.
    public let schema: Schema
    /// `schema.count` numbers: controllers in [0, 1], then the probabilities of each discrete group's options.
    public private(set) var values: [Float]
    /// Names that generation leaves alone: of controllers and of discrete groups.
    public private(set) var locked: Set<String>

    /// Creates a character.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` for a wrong count, a value outside [0, 1], a discrete group
    ///   whose probabilities do not add up to 1, or a lock on an unknown name.
    public init(schema: Schema, values: [Float], locked: Set<String> = []) throws {
        guard values.count == schema.count else {
            throw F2PError(.invalidInput, "schema '\(schema.name)' has \(schema.count) parameters, found \(values.count)")
        }
        for (i, value) in values.enumerated() where !(value >= 0 && value <= 1) {
            throw F2PError(.invalidInput, "'\(schema.parameterNames[i])' must lie in [0, 1], found \(value)")
        }
        for (group, range) in schema.parts {
            let sum = values[range].reduce(0) { $0 + Double($1) }
            guard abs(sum - 1) <= Parameters.sumTolerance else {
                throw F2PError(
                    .invalidInput, "the probabilities of discrete group '\(group.name)' must add up to 1, found \(sum)")
            }
        }
        self.init(unchecked: schema, values, [])
        try lock(locked)
    }

    init(unchecked schema: Schema, _ values: [Float], _ locked: Set<String>) {
        self.schema = schema
        self.values = values
        self.locked = locked
    }

    /// How far the probabilities of one discrete group may be from adding up to 1.
    static let sumTolerance = 1e-3

    public static func == (a: Parameters, b: Parameters) -> Bool {
        a.schema.fingerprint == b.schema.fingerprint && a.values == b.values && a.locked == b.locked
    }

    /// Returns the value of a controller, in [0, 1]; nil if there is none of that name.
    public subscript(_ controller: String) -> Float? {
        schema.controllers.firstIndex { $0.name == controller }.map { values[$0] }
    }

    /// Returns the most probable option of a discrete group; nil if there is none of that name.
    public func choice(_ group: String) -> String? {
        guard let (found, range) = schema.parts.first(where: { $0.group.name == group }),
            let best = values[range].max(), let i = values[range].firstIndex(of: best)
        else { return nil }
        return found.options[i - range.lowerBound]
    }

    /// Returns every controller's value in the engine's units.
    public func inEngineUnits() -> [String: Float] {
        var found: [String: Float] = [:]
        for (controller, value) in zip(schema.controllers, values) {
            found[controller.name] = controller.low + value * (controller.high - controller.low)
        }
        return found
    }

    /// Moves one slider.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` if there is no such controller, it is locked, or the value does
    ///   not lie in [0, 1].
    public mutating func set(_ controller: String, to value: Float) throws {
        guard let i = schema.controllers.firstIndex(where: { $0.name == controller }) else {
            throw F2PError(.invalidInput, "no controller named '\(controller)'")
        }
        try requireUnlocked(controller)
        guard value >= 0, value <= 1 else {
            throw F2PError(.invalidInput, "controller '\(controller)' must lie in [0, 1], found \(value)")
        }
        values[i] = value
    }

    /// Chooses an option of a discrete group.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` if there is no such group or option, or the group is locked.
    public mutating func choose(_ option: String, of group: String) throws {
        guard let (found, range) = schema.parts.first(where: { $0.group.name == group }) else {
            throw F2PError(.invalidInput, "no discrete group named '\(group)'")
        }
        try requireUnlocked(group)
        guard let chosen = found.options.firstIndex(of: option) else {
            throw F2PError(
                .invalidInput,
                "discrete group '\(group)' has no option '\(option)': \(found.options.joined(separator: ", "))")
        }
        for i in range {
            values[i] = i == range.lowerBound + chosen ? 1 : 0
        }
    }

    /// Locks controllers, discrete groups, or parts of the face (`eye`), which stand for all of their controllers.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` if a name is none of these.
    public mutating func lock(_ names: some Sequence<String>) throws {
        locked.formUnion(try lockable(names))
    }

    /// Unlocks what `lock` locks.
    ///
    /// - Throws: as `lock`.
    public mutating func unlock(_ names: some Sequence<String>) throws {
        locked.subtract(try lockable(names))
    }

    /// Which values are locked.
    var lockedMask: [Bool] {
        schema.controllers.map { locked.contains($0.name) }
            + schema.discrete.flatMap { group in group.options.map { _ in locked.contains(group.name) } }
    }

    /// Returns generated values for everything but what is locked here.
    func merged(_ generated: [Float]) -> [Float] {
        zip(lockedMask, zip(values, generated)).map { isLocked, pair in isLocked ? pair.0 : pair.1 }
    }

    private func requireUnlocked(_ name: String) throws {
        if locked.contains(name) {
            throw F2PError(.invalidInput, "'\(name)' is locked: unlock it before changing it")
        }
    }

    private func lockable(_ names: some Sequence<String>) throws -> Set<String> {
        var found: Set<String> = []
        for name in names {
            let ofPart = schema.controllers.filter { $0.group == name }.map(\.name)
            if schema.controllers.contains(where: { $0.name == name })
                || schema.discrete.contains(where: { $0.name == name })
            {
                found.insert(name)
            } else if !ofPart.isEmpty {
                found.formUnion(ofPart)
            } else {
                throw F2PError(.invalidInput, "no controller, discrete group or part of the face named '\(name)'")
            }
        }
        return found
    }
}
