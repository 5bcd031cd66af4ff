/// What the losses compare: the photo as the recognition and the segmentation network see it.
public struct Description: Sendable {
    public let identity: [Float]
    public let content: [Float]

    public init(identity: [Float], content: [Float]) {
        self.identity = identity
        self.content = content
    }
}

/// The four graphs, whatever computes them.
public protocol Networks: Sendable {
    /// Loads graphs, of the names `one_shot`, `describe`, `render` and `step`, where they would be loaded when first used.
    func load(_ graphs: [String]) async throws

    /// Returns the parameters of an aligned face: controllers in [0, 1], discrete groups as probabilities.
    func oneShot(_ face: Picture) async throws -> [Float]

    /// Returns what the losses compare.
    func describe(_ face: Picture) async throws -> Description

    /// Returns the imitator's picture of parameters.
    func render(_ parameters: [Float]) async throws -> Picture

    /// Takes one gradient step; returns the next state and the loss of the given one.
    func step(_ state: [Float], towards photo: Description, learningRate: Float) async throws -> (next: [Float], loss: Float)
}
