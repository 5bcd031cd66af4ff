/// Iterative generation: projected gradient descent by the gradient step (section 3.4.2, eq. 9 of the paper).
struct Search {
    let networks: any Networks
    let schema: Schema
    let settings: Contract.Search
    /// Take the steps through the shortcut.
    let fast: Bool

    /// Searches from a state.
    ///
    /// - Parameters:
    ///   - start: controllers in [0, 1], then free numbers for the discrete groups.
    ///   - photo: what to come near to.
    ///   - locked: entries of the state that never change; nil for none.
    ///   - progress: called after every step.
    /// - Returns: parameters, discrete groups as probabilities; and the loss before each step and after the last.
    func run(
        from start: [Float], towards photo: Description, locked: [Bool]?, progress: ProgressHandler?
    ) async throws -> (parameters: [Float], losses: [Float]) {
        let held = (locked ?? Array(repeating: false, count: start.count)).map { $0 ? Float(1) : 0 }
        var reached = start
        var before = start
        var best = (state: start, loss: Float.infinity)
        var losses: [Float] = []
        for (done, learningRate) in settings.learningRates.enumerated() {
            try Task.checkCancellation()
            let taken = try await networks.step(
                step(reached, before, held, learningRate, settings.momentum), towards: photo, fast: fast)
            losses.append(taken.loss)
            if taken.loss < best.loss {
                best = (taken.lookahead, taken.loss)
            }
            before = reached
            reached = taken.next
            progress?(SearchProgress(done: done + 1, total: settings.learningRates.count, loss: taken.loss))
        }
        try Task.checkCancellation()
        // The loss of the state that was reached, which is neither carried on nor moved.
        let loss = try await networks.step(step(reached, reached, held, 0, 0), towards: photo, fast: fast).loss
        losses.append(loss)
        let last = settings.keepBest && loss >= best.loss ? best.state : reached
        return (schema.smoothed(last, beta: settings.beta), losses)
    }

    private func step(
        _ state: [Float], _ before: [Float], _ locked: [Float], _ learningRate: Float, _ momentum: Float
    ) -> Step {
        Step(
            state: state, before: before, locked: locked, learningRate: learningRate, momentum: momentum,
            beta: settings.beta, discreteRate: settings.discreteRate)
    }
}
