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
        var reached = start
        var before = start
        var best = (state: start, loss: Float.infinity)
        var losses: [Float] = []
        for (done, learningRate) in settings.learningRates.enumerated() {
            try Task.checkCancellation()
            let state = carried(reached, before)
            let (moved, loss) = try await step(state, photo, learningRate)
            losses.append(loss)
            if loss < best.loss {
                best = (state, loss)
            }
            before = reached
            reached = locked.map { zip($0, zip(start, moved)).map { $0 ? $1.0 : $1.1 } } ?? moved
            progress?(SearchProgress(done: done + 1, total: settings.learningRates.count, loss: loss))
        }
        try Task.checkCancellation()
        let (_, loss) = try await step(reached, photo, 0)
        losses.append(loss)
        let last = settings.keepBest && loss >= best.loss ? best.state : reached
        return (schema.smoothed(last, beta: settings.beta), losses)
    }

    /// Returns the state that the next gradient is taken at: carried on along its last move.
    private func carried(_ state: [Float], _ before: [Float]) -> [Float] {
        guard settings.momentum != 0 else { return state }
        var moved = zip(state, before).map { $0 + settings.momentum * ($0 - $1) }
        for i in 0..<schema.controllerCount {
            moved[i] = max(0, min(1, moved[i]))
        }
        return moved
    }

    /// Takes a step with this mode's beta and discrete rate, whatever the graph's own: the discrete part z acts through
    /// softmax(beta z) alone.
    private func step(
        _ state: [Float], _ photo: Description, _ learningRate: Float
    ) async throws -> (next: [Float], loss: Float) {
        var given = state
        if settings.betaRatio != 1 {
            for i in schema.controllerCount..<state.count {
                given[i] = state[i] * settings.betaRatio
            }
        }
        var (next, loss) = try await networks.step(given, towards: photo, learningRate: learningRate)
        if settings.betaRatio != 1 || settings.rateRatio != 1 {
            for i in schema.controllerCount..<state.count {
                next[i] = state[i] + (next[i] - given[i]) * settings.betaRatio * settings.rateRatio
            }
        }
        return (next, loss)
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
