import Foundation
import XCTest

@testable import F2PCore

/// The search through the shortcut, with networks by formula: by them it makes a character brighter.
final class ShortcutTests: XCTestCase {
    private let black = Description(identity: [1], content: [0])

    func testAResultThatIsWorseThanTheStartIsNotReturned() async throws {
        let contract = try contract(shortcut: true)
        let judge = Judge(networks: networks(contract.schema), contract: contract)
        let (dark, bright) = (lit(contract.schema, 0), lit(contract.schema, 1))
        let worse = try await judge.better(of: dark, and: (bright, [3, 2, 1]), towards: black, keepBest: true)
        XCTAssertEqual(worse.parameters, dark)
        XCTAssertEqual(worse.losses, [0, 2, 0])
        let better = try await judge.better(of: bright, and: (dark, [3, 2, 1]), towards: black, keepBest: true)
        XCTAssertEqual(better.parameters, dark)
        XCTAssertEqual(better.losses, [1, 2, 0])
        let last = try await judge.better(of: dark, and: (bright, [3, 2, 1]), towards: black, keepBest: false)
        XCTAssertEqual(last.parameters, bright)
        XCTAssertEqual(last.losses, [0, 2, 1])
    }

    func testAGeneratorGoesThroughTheShortcutAndIsJudged() async throws {
        let contract = try contract(shortcut: true)
        let generator = CharacterGenerator(
            contract: contract, networks: networks(contract.schema), finder: NoFaces())
        let steps = contract.iterative.learningRates.count
        let through = try await generator.generate(face: face(contract, 255), mode: .iterative)
        XCTAssertGreaterThan(through.parameters.values[0], 0.5, "towards a white photo")
        XCTAssertEqual(through.losses.count, steps + 1)
        XCTAssertEqual(through.losses[0], 0.5, accuracy: 0.01, "the true one, not 1.5")
        XCTAssertEqual(through.losses[steps], 1 - through.parameters.values[0], accuracy: 0.01)
        let judged = try await generator.generate(face: face(contract, 0), mode: .iterative)
        XCTAssertEqual(judged.parameters.values[0], 0.5, "away from a black photo")
        XCTAssertEqual(judged.losses[0], judged.losses[steps])
        for group in contract.schema.discrete where group.options.count > 1 {
            XCTAssertNotEqual(through.parameters.choice(group.name), group.standard, "by the formula's costs")
        }
        let exact = try await generator.generate(face: face(contract, 255), mode: .iterative, fast: false)
        XCTAssertEqual(exact.losses, Array(repeating: 3, count: steps + 1))
    }

    func testTheGraphsThatWillBeUsedAreLoaded() async throws {
        let contract = try contract(shortcut: true)
        let networks = networks(contract.schema)
        let generator = CharacterGenerator(contract: contract, networks: networks, finder: NoFaces())
        try await generator.warmUp(mode: .iterative)
        XCTAssertEqual(networks.loaded.names, ["describe", "step_fast", "render", "compare_fast"])
        try await generator.warmUp(mode: .iterative, fast: false)
        XCTAssertEqual(networks.loaded.names, ["describe", "step", "render"])
    }

    func testAFastSearchWithoutAShortcutIsRefused() async throws {
        let contract = try contract(shortcut: false)
        let generator = CharacterGenerator(
            contract: contract, networks: networks(contract.schema), finder: NoFaces())
        do {
            _ = try await generator.generate(face: face(contract, 0), mode: .iterative, fast: true)
            XCTFail("it went on")
        } catch let error as F2PError {
            XCTAssertEqual(error.kind, .invalidInput)
            XCTAssertTrue(error.message.contains("'step_fast'"), error.message)
        }
    }

    /// Returns this package's contract with or without a shortcut, and simple settings.
    private func contract(shortcut: Bool) throws -> Contract {
        let folder = try XCTUnwrap(Bundle.module.url(forResource: "Reference", withExtension: nil))
        let data = try Data(contentsOf: folder.appendingPathComponent("contract.json"))
        var content = try XCTUnwrap(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var graphs = try XCTUnwrap(content["graphs"] as? [String: Any])
        // The networks are formulas, so any graph stands for one that this package was made without.
        let some = try XCTUnwrap(graphs.values.first)
        for name in ["one_shot", "describe", "render", "step"] where graphs[name] == nil {
            graphs[name] = some
        }
        for name in ["step_fast", "compare_fast"] {
            graphs[name] = shortcut ? some : nil
        }
        content["graphs"] = graphs
        content["fast"] = shortcut
        content["comparedAtOnce"] = 4
        content["chooseOptions"] = true
        content["contentReduction"] = "sum"
        content["lossWeights"] = ["identity": 1, "content": 1]
        content["standardMargin"] = 0
        let plain = try JSONDecoder().decode(Contract.self, from: data).schema
        content["firstState"] = plain.state(lit(plain, 0.5), beta: 1).map { Double($0) }
        content["iterative"] = [
            "learningRates": [1, 1], "beta": 1, "discreteRate": 1, "momentum": 0, "keepBest": true,
        ]
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONSerialization.data(withJSONObject: content).write(to: file)
        return try Contract(contentsOf: file)
    }

    /// Networks by which each group's standard option costs half as much again.
    private func networks(_ schema: Schema) -> FormulaNetworks {
        let options = schema.average.values.dropFirst(schema.controllerCount)
        let standard = [Float](repeating: 0, count: schema.controllerCount) + options
        return FormulaNetworks(count: 4, loss: 1024, single: standard.map { 512 * $0 }, pairs: [])
    }

    /// Returns the average character, as bright as its first controller says.
    private func lit(_ schema: Schema, _ value: Float) -> [Float] {
        var values = schema.average.values
        values[0] = value
        return values
    }

    private func face(_ contract: Contract, _ value: UInt8) throws -> Picture {
        let edge = contract.imageSize
        return try Picture(width: edge, height: edge, pixels: [UInt8](repeating: value, count: 3 * edge * edge))
    }
}
