import Foundation

/// Which controllers and discrete groups a character has, in the order of its parameters.
public struct Schema: Sendable, Decodable {
    /// One slider of the editor.
    public struct Controller: Sendable, Decodable, Equatable {
        /// Unique, dotted: `eyes.size`.
        public let name: String
        /// The part of the face that it belongs to.
        public let group: String
        /// The average face's value, in [0, 1].
        public let standard: Float
        /// The engine's units at 0 and at 1.
        public let low: Float
        public let high: Float
    }

    /// One choice of the editor: a hairstyle, a colour.
    public struct DiscreteGroup: Sendable, Decodable, Equatable {
        public let name: String
        public let options: [String]
        /// The average face's option.
        public let standard: String
    }

    public let name: String
    /// SHA-256 of everything that the meaning of a vector depends on.
    public let fingerprint: String
    public let controllers: [Controller]
    public let discrete: [DiscreteGroup]

    /// Number of controllers.
    public var controllerCount: Int { controllers.count }
    /// Number of parameters: the controllers, then one for each option of each discrete group.
    public var count: Int { controllers.count + discrete.reduce(0) { $0 + $1.options.count } }

    /// The name of each parameter: a controller's, then `group=option`.
    public var parameterNames: [String] {
        controllers.map(\.name) + discrete.flatMap { group in group.options.map { "\(group.name)=\($0)" } }
    }

    /// Where each discrete group's options lie in a vector of parameters.
    var parts: [(group: DiscreteGroup, range: Range<Int>)] {
        var start = controllers.count
        return discrete.map { group in
            defer { start += group.options.count }
            return (group, start..<(start + group.options.count))
        }
    }

    /// The average face: every controller and every discrete group as the editor opens.
    public var average: Parameters {
        var values = controllers.map(\.standard)
        for group in discrete {
            values += group.options.map { $0 == group.standard ? 1 : 0 }
        }
        return Parameters(unchecked: self, values, [])
    }

    /// Returns a vector whose discrete groups are one-hot at their most probable option.
    ///
    /// - Parameter lead: a group's standard option stays unless another one is more probable by more than this.
    func hardened(_ values: [Float], lead: Float = 0) -> [Float] {
        var hard = values
        for (group, range) in parts {
            let options = values[range]
            let standard = range.lowerBound + (group.options.firstIndex(of: group.standard) ?? 0)
            let best = options.max() ?? 0
            let chosen = values[standard] + lead >= best ? standard : options.firstIndex(of: best) ?? standard
            for i in range {
                hard[i] = i == chosen ? 1 : 0
            }
        }
        return hard
    }

    /// Returns parameters of a state of the search: softmax(beta z) within each discrete group.
    func smoothed(_ state: [Float], beta: Float) -> [Float] {
        var values = state
        for (_, range) in parts {
            let logits = state[range].map { beta * $0 }
            let largest = logits.max() ?? 0
            let weights = logits.map { Foundation.exp($0 - largest) }
            let total = weights.reduce(0, +)
            for (i, weight) in zip(range, weights) {
                values[i] = weight / total
            }
        }
        return values
    }

    /// Returns the state of the search whose `smoothed` gives parameters.
    func state(_ values: [Float], beta: Float) -> [Float] {
        var state = values
        for i in controllers.count..<values.count {
            state[i] = Foundation.log(max(values[i], Schema.smallestProbability)) / beta
        }
        return state
    }

    /// A probability below this counts as this where parameters become a state: its logarithm is to be finite.
    static let smallestProbability: Float = 1e-4
}
