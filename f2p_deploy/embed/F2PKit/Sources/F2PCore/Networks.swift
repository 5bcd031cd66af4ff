/// What the losses compare: the photo as the recognition and the segmentation network see it.
public struct Description: Sendable {
    public let identity: [Float]
    public let content: [Float]

    public init(identity: [Float], content: [Float]) {
        self.identity = identity
        self.content = content
    }
}

/// What one gradient step takes.
public struct Step: Sendable {
    /// Controllers in [0, 1], then free numbers for the discrete groups.
    public let state: [Float]
    /// The state that went into the step before; at first the state itself.
    public let before: [Float]
    /// 1 for entries that stay as they are, 0 for the others.
    public let locked: [Float]
    public let learningRate: Float
    /// Nesterov's momentum, in [0, 1).
    public let momentum: Float
    /// Sharpness of the softmax over a discrete group's options.
    public let beta: Float
    /// The discrete groups' rate over the controllers'.
    public let discreteRate: Float

    public init(
        state: [Float], before: [Float], locked: [Float], learningRate: Float, momentum: Float, beta: Float,
        discreteRate: Float
    ) {
        self.state = state
        self.before = before
        self.locked = locked
        self.learningRate = learningRate
        self.momentum = momentum
        self.beta = beta
        self.discreteRate = discreteRate
    }
}

/// What one gradient step gives.
public struct Stepped: Sendable {
    public let next: [Float]
    /// The loss at the look-ahead.
    public let loss: Float
    /// The given state, carried on by the momentum: where the gradient was taken.
    public let lookahead: [Float]

    public init(next: [Float], loss: Float, lookahead: [Float]) {
        self.next = next
        self.loss = loss
        self.lookahead = lookahead
    }
}

/// What the shortcut predicts of characters beside one photo.
public struct Compared: Sendable {
    /// The loss of eq. 9 of each character.
    public let losses: [Float]
    /// The content loss (eq. 6) of each character.
    public let contentLosses: [Float]

    public init(losses: [Float], contentLosses: [Float]) {
        self.losses = losses
        self.contentLosses = contentLosses
    }
}

/// The graphs, whatever computes them.
public protocol Networks: Sendable {
    /// Loads graphs by their names in the contract, where they would be loaded when first used.
    func load(_ graphs: [String]) async throws

    /// Returns the parameters of an aligned face: controllers in [0, 1], discrete groups as probabilities.
    func oneShot(_ face: Picture) async throws -> [Float]

    /// Returns what the losses compare.
    func describe(_ face: Picture) async throws -> Description

    /// Returns the imitator's picture of parameters.
    func render(_ parameters: [Float]) async throws -> Picture

    /// Takes one gradient step towards a photo.
    ///
    /// - Parameter fast: by `step_fast`, through the shortcut, instead of by `step`.
    func step(_ step: Step, towards photo: Description, fast: Bool) async throws -> Stepped

    /// Compares characters with a photo through the shortcut, by `compare_fast`.
    ///
    /// - Parameter characters: parameters of exactly as many as the contract's `comparedAtOnce`.
    func compareFast(_ characters: [[Float]], with photo: Description) async throws -> Compared
}
