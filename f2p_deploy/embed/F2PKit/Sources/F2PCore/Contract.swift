import Foundation

/// What `f2p-deploy embed ios` knew about the networks: `contract.json`, beside the models.
public struct Contract: Sendable, Decodable {
    /// Raised whenever an older F2PKit could misread a newer contract.
    static let format = 3

    /// One Core ML package, or one function of it.
    public struct Graph: Sendable, Decodable {
        /// The package's name without its suffix.
        public let package: String
        /// The function of a package that has several; nil where it has one.
        public let function: String?
        /// SHA-256 over the package's files; a compiled copy belongs to exactly this content.
        public let digest: String
    }

    /// How one mode searches.
    public struct Search: Sendable, Decodable {
        /// The learning rate of each step, in order.
        public let learningRates: [Float]
        /// Sharpness of the softmax over a discrete group's options.
        public let beta: Float
        /// The discrete groups' rate over the controllers'.
        public let discreteRate: Float
        /// Nesterov's momentum, in [0, 1).
        public let momentum: Float
        /// End at the state of the smallest loss instead of the last one.
        public let keepBest: Bool
    }

    /// How much each half of the loss counts (eq. 9).
    public struct LossWeights: Sendable, Decodable {
        /// Of the distance of two embeddings.
        public let identity: Double
        /// Of the distance of two contents.
        public let content: Double
    }

    /// From where on a photo is refused or warned about; see `align`.
    public struct Limits: Sendable, Decodable {
        public let smallestEyeDistance: Double
        public let smallEyeDistance: Double
        public let largestYaw: Double
        public let largeYaw: Double
        public let largestResidual: Double
        public let largeOutside: Double
        public let yawPerOffset: Double
        public let outerOverCentres: Double
    }

    public let format: Int
    /// The bundle's name, and the SHA-256 that its artifact was made from.
    public let bundle: String
    public let bundleFingerprint: String
    public let target: String
    public let schema: Schema
    /// Edge of faces and pictures in pixels.
    public let imageSize: Int
    /// Where iterative generation begins.
    public let firstState: [Float]
    public let iterative: Search
    public let hybrid: Search
    /// Try every option of the discrete groups out before a search.
    public let chooseOptions: Bool
    /// By which part of its loss a group's standard option counts as better than it is there.
    public let standardMargin: Double
    /// By how much more probable another option must be for one-shot generation to leave a group's standard one.
    public let standardLead: Float
    /// Whether the content loss adds its elements up (`sum`) or averages them (`mean`).
    public let contentReduction: String
    public let lossWeights: LossWeights
    /// Search through the shortcut unless a call says otherwise.
    public let fast: Bool
    /// How many characters the graph `compare_fast` takes; nil where there is none.
    public let comparedAtOnce: Int?
    /// The average face's landmarks as (x, y) in fractions of the picture's edge, in `Landmarks`' order.
    public let template: [[Double]]
    public let limits: Limits
    public let graphs: [String: Graph]

    /// Reads a contract.
    ///
    /// - Throws: `F2PError` of the kind `missing` if there is none, or one of another format.
    public init(contentsOf url: URL) throws {
        do {
            self = try JSONDecoder().decode(Contract.self, from: try Data(contentsOf: url))
        } catch {
            throw F2PError(.missing, "cannot read \(url.path): \(error)")
        }
        guard format == Contract.format else {
            throw F2PError(
                .missing, "\(url.path) has format \(format), this F2PKit reads \(Contract.format): embed the artifact again")
        }
    }
}
