/// Iterative generation: projected gradient descent by the gradient step (section 3.4.2, eq. 9 of the paper).
struct Search {
    let networks: any Networks
    let schema: Schema
    let settings: Contract.Search

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
                step(reached, before, held, learningRate, settings.momentum), towards: photo)
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
        let loss = try await networks.step(step(reached, reached, held, 0, 0), towards: photo).loss
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

/// Tries every option of the discrete groups out against the photo, group by group, in the schema's order.
struct OptionChooser {
    let networks: any Networks
    let contract: Contract

    /// Returns parameters whose discrete groups came nearest to a photo by content.
    ///
    /// - Parameters:
    ///   - values: parameters with one option in each discrete group.
    ///   - locked: groups with a locked entry are left alone; nil for none.
    func run(_ values: [Float], towards photo: Description, locked: [Bool]?) async throws -> [Float] {
        var chosen = values
        for (group, range) in contract.schema.parts {
            if let locked, locked[range].contains(true) { continue }
            var best = (values: chosen, loss: Float.infinity)
            for (offset, option) in group.options.enumerated() {
                try Task.checkCancellation()
                var tried = chosen
                for i in range {
                    tried[i] = i == range.lowerBound + offset ? 1 : 0
                }
                let drawn = try await networks.describe(try await networks.render(tried))
                var loss = contentLoss(photo.content, drawn.content)
                if option == group.standard {
                    loss *= 1 - contract.standardMargin
                }
                if loss < best.loss {
                    best = (tried, loss)
                }
            }
            chosen = best.values
        }
        return chosen
    }

    /// The L1 distance of eq. 6.
    private func contentLoss(_ a: [Float], _ b: [Float]) -> Float {
        let sum = zip(a, b).reduce(0.0) { $0 + Double(abs($1.0 - $1.1)) }
        return Float(contract.contentReduction == "mean" ? sum / Double(max(1, a.count)) : sum)
    }
}
