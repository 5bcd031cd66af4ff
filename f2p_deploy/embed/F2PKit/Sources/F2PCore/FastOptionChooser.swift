import Foundation

/// Chooses the options of the discrete groups by their content loss through the shortcut.
///
/// Each round compares all options of all groups, each beside the others' present options; then the best single change,
/// the best of every group together, and the best other options of every two groups, since two changes may be good
/// together that are bad alone. The best of all is taken, until nothing is better.
struct FastOptionChooser {
    let networks: any Networks
    let contract: Contract
    /// How many characters one call of `compare_fast` takes.
    let count: Int

    /// A difference of losses below this part of them is rounding.
    private static let rounding = 1e-6

    /// Returns parameters whose discrete groups came nearest to a photo by content.
    ///
    /// - Parameters:
    ///   - values: parameters with one option in each discrete group.
    ///   - locked: groups with a locked entry are left alone; nil for none.
    func run(_ values: [Float], towards photo: Description, locked: [Bool]?) async throws -> [Float] {
        let groups = contract.schema.parts.filter { !(locked?[$0.range].contains(true) ?? false) }
        var chosen = values
        for _ in groups {
            let singles = groups.flatMap { withEachOption(chosen, $0.range) }
            let scores = try await scores(singles, groups, photo)
            let present = zip(singles, scores).first { $0.0 == chosen }?.1 ?? .infinity
            var candidates = changes(of: chosen, groups.map(\.range), singles, scores)
            candidates.insert(singles[lowest(singles.indices, scores)], at: 0)
            let found = try await self.scores(candidates, groups, photo)
            let best = lowest(candidates.indices, found)
            if found[best] >= present * (1 - FastOptionChooser.rounding) { break }
            chosen = candidates[best]
        }
        return chosen
    }

    /// Returns the best option of every group together, then the best other options of every two groups.
    private func changes(
        of chosen: [Float], _ groups: [Range<Int>], _ singles: [[Float]], _ scores: [Double]
    ) -> [[Float]] {
        var together = chosen
        var others: [(group: Range<Int>, options: ArraySlice<Float>)] = []
        var start = 0
        for group in groups {
            let tried = start..<(start + group.count)
            together.replaceSubrange(group, with: singles[lowest(tried, scores)][group])
            let changed = tried.filter { singles[$0] != chosen }
            if !changed.isEmpty {
                others.append((group, singles[lowest(changed, scores)][group]))
            }
            start = tried.upperBound
        }
        var found = [together]
        for (i, one) in others.enumerated() {
            for other in others.dropFirst(i + 1) {
                var pair = chosen
                pair.replaceSubrange(one.group, with: one.options)
                pair.replaceSubrange(other.group, with: other.options)
                found.append(pair)
            }
        }
        return found
    }

    /// Returns content losses, less a margin for each of the groups that is at its standard option.
    private func scores(
        _ characters: [[Float]], _ groups: [(group: Schema.DiscreteGroup, range: Range<Int>)], _ photo: Description
    ) async throws -> [Double] {
        let standard = contract.schema.average.values
        let losses = try await contentLosses(characters, photo)
        return zip(characters, losses).map { character, loss in
            let atStandard = groups.filter { character[$0.range] == standard[$0.range] }.count
            return Double(loss) * pow(1 - contract.standardMargin, Double(atStandard))
        }
    }

    /// Returns the content loss of any number of characters, in calls that are filled up with the last one.
    private func contentLosses(_ characters: [[Float]], _ photo: Description) async throws -> [Float] {
        var found: [Float] = []
        for start in stride(from: 0, to: characters.count, by: count) {
            try Task.checkCancellation()
            let batch = (start..<(start + count)).map { characters[min($0, characters.count - 1)] }
            found += try await networks.compareFast(batch, with: photo).contentLosses
        }
        return Array(found.prefix(characters.count))
    }

    /// Returns parameters with each option of one group.
    private func withEachOption(_ values: [Float], _ group: Range<Int>) -> [[Float]] {
        group.map { option in
            var tried = values
            for i in group {
                tried[i] = i == option ? 1 : 0
            }
            return tried
        }
    }

    /// Returns the place of the lowest score, the first one if several are equal.
    private func lowest(_ places: some Collection<Int>, _ scores: [Double]) -> Int {
        places.min { scores[$0] < scores[$1] } ?? 0
    }
}
