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
                var loss = contract.contentLoss(photo.content, drawn.content)
                if option == group.standard {
                    loss *= Float(1 - contract.standardMargin)
                }
                if loss < best.loss {
                    best = (tried, loss)
                }
            }
            chosen = best.values
        }
        return chosen
    }
}
