#if canImport(CoreML) && canImport(Vision)
    import CoreML
    import Foundation
    import XCTest

    @testable import F2PCore
    @testable import F2PKit

    /// The models compute, on this device, the faces that PyTorch computed where they were made: Golden/golden.json.
    ///
    /// Run it on a phone, not only in the simulator, which has no Neural Engine.
    final class GoldenTests: XCTestCase {
        private struct Index: Decodable {
            struct Tensor: Decodable {
                let file: String
                let shape: [Int]
            }
            struct Graph: Decodable {
                let samples: [String]
                let floors: [String: Double]
                let tensors: [String: Tensor]
            }
            let graphs: [String: Graph]
            let trajectory: [String: Tensor]?
        }

        private var folder: URL!
        private var index: Index!
        private var generator: CharacterGenerator!
        private var networks: CoreMLNetworks!

        override func setUpWithError() throws {
            folder = try XCTUnwrap(Bundle.module.url(forResource: "Golden", withExtension: nil))
            let data = try Data(contentsOf: folder.appendingPathComponent("golden.json"))
            index = try JSONDecoder().decode(Index.self, from: data)
            generator = try CharacterGenerator.bundled()
            networks = try CoreMLNetworks(folder: try XCTUnwrap(modelsFolder))
        }

        func testOneShot() async throws {
            let graph = try graph("one_shot")
            let schema = generator.schema
            var agreeing = 0
            for (i, name) in graph.samples.enumerated() {
                let found = try await networks.oneShot(try face(graph, i))
                let expected = try sample(graph.tensors["parameters"], i)
                let off = zip(found, expected).prefix(schema.controllerCount).map { abs($0 - $1) }.max() ?? 0
                XCTAssertLessThanOrEqual(Double(off), floor(graph, "controllers"), "controllers, \(name)")
                for (_, range) in schema.parts where index(found, range) == index(expected, range) {
                    agreeing += 1
                }
            }
            let groups = graph.samples.count * schema.discrete.count
            XCTAssertGreaterThanOrEqual(Double(agreeing), floor(graph, "discrete") * Double(groups), "discrete groups")
        }

        func testDescribe() async throws {
            let graph = try graph("describe")
            for (i, name) in graph.samples.enumerated() {
                let found = try await networks.describe(try face(graph, i))
                let identity = try sample(graph.tensors["identity"], i)
                let content = try sample(graph.tensors["content"], i)
                XCTAssertGreaterThanOrEqual(cosine(found.identity, identity), floor(graph, "identity"), "identity, \(name)")
                let off = zip(found.content, content).reduce(0.0) { $0 + Double(abs($1.0 - $1.1)) }
                let size = content.reduce(0.0) { $0 + Double(abs($1)) }
                XCTAssertLessThanOrEqual(off / size, floor(graph, "content"), "content, \(name)")
            }
        }

        func testRender() async throws {
            let graph = try graph("render")
            let edge = generator.imageSize
            for (i, name) in graph.samples.enumerated() {
                let found = try await networks.render(try sample(graph.tensors["parameters"], i))
                let expected = Picture(planes: try sample(graph.tensors["image"], i), edge: edge)
                let squares = zip(found.pixels, expected.pixels).reduce(0.0) { sum, pair in
                    let off = (Double(pair.0) - Double(pair.1)) / 255
                    return sum + off * off
                }
                let psnr = -10 * log10(max(squares / Double(found.pixels.count), 1e-20))
                XCTAssertGreaterThanOrEqual(psnr, floor(graph, "render"), "PSNR in dB, \(name)")
            }
        }

        func testStep() async throws { try await assertSteps("step") }

        func testStepThroughTheShortcut() async throws {
            try requireShortcut()
            try await assertSteps("step_fast")
        }

        func testComparisonThroughTheShortcut() async throws {
            try requireShortcut()
            let graph = try graph("compare_fast")
            let photo = Description(
                identity: try values(graph.tensors["identity"]), content: try values(graph.tensors["content"]))
            let characters = try graph.samples.indices.map { try sample(graph.tensors["parameters"], $0) }
            let count = try XCTUnwrap(generator.contract.comparedAtOnce)
            let filled = (0..<count).map { characters[min($0, characters.count - 1)] }
            let found = try await networks.compareFast(filled, with: photo)
            let losses = try values(graph.tensors["loss"]), contentLosses = try values(graph.tensors["content_loss"])
            for (i, name) in graph.samples.enumerated() {
                let off = [(found.losses[i], losses[i]), (found.contentLosses[i], contentLosses[i])]
                for (value, wanted) in off {
                    XCTAssertLessThanOrEqual(Double(abs(value - wanted) / wanted), floor(graph, "loss"), name)
                }
            }
        }

        private func requireShortcut() throws {
            if index.graphs["step_fast"] == nil { throw XCTSkip("the artifact has no shortcut") }
        }

        private func assertSteps(_ kind: String) async throws {
            let graph = try graph(kind)
            for (i, name) in graph.samples.enumerated() {
                let photo = Description(
                    identity: try sample(graph.tensors["identity"], i), content: try sample(graph.tensors["content"], i))
                let step = Step(
                    state: try sample(graph.tensors["state"], i), before: try sample(graph.tensors["before"], i),
                    locked: try values(graph.tensors["locked"]), learningRate: try number(graph, "learning_rate"),
                    momentum: try number(graph, "momentum"), beta: try number(graph, "beta"),
                    discreteRate: try number(graph, "discrete_rate"))
                try await assertStep(
                    kind, step, towards: photo, ahead: try sample(graph.tensors["lookahead"], i),
                    next: try sample(graph.tensors["next_state"], i), loss: try sample(graph.tensors["loss"], i)[0], name)
            }
        }

        func testStepsOnTheWay() async throws {
            guard let trajectory = index.trajectory else {
                throw XCTSkip("the artifact was exported without a run of iterative generation")
            }
            let graph = try graph("step")
            let photo = Description(
                identity: try sample(graph.tensors["identity"], 0), content: try sample(graph.tensors["content"], 0))
            let losses = try values(trajectory["losses"])
            for (i, rate) in try values(trajectory["learning_rates"]).enumerated() {
                let state = try sample(trajectory["states"], i)
                let step = Step(
                    state: state, before: state, locked: state.map { _ in 0 }, learningRate: rate, momentum: 0,
                    beta: try number(graph, "beta"), discreteRate: try number(graph, "discrete_rate"))
                try await assertStep(
                    "step", step, towards: photo, ahead: state, next: try sample(trajectory["states"], i + 1), loss: losses[i],
                    "after \(i) steps")
            }
        }

        func testHybridGenerationComesNearerAndReportsEveryStep() async throws {
            _ = try graph("step")
            let steps = Counter()
            let face = try face(try graph("one_shot"), 0)
            let found = try await generator.generate(face: face, mode: .hybrid, fast: false) { _ in steps.add() }
            XCTAssertEqual(steps.count, generator.contract.hybrid.learningRates.count)
            XCTAssertEqual(found.losses.count, steps.count + 1)
            XCTAssertLessThan(found.losses.min() ?? 1, found.losses[0])
            XCTAssertEqual(try Parameters(json: found.parameters.json, schema: generator.schema), found.parameters)
        }

        func testASearchThroughTheShortcutReportsEveryStepAndEndsNoFartherAway() async throws {
            try requireShortcut()
            let steps = Counter()
            let face = try face(try graph("one_shot"), 0)
            let found = try await generator.generate(face: face, mode: .hybrid, fast: true) { _ in steps.add() }
            XCTAssertEqual(steps.count, generator.contract.hybrid.learningRates.count)
            XCTAssertEqual(found.losses.count, steps.count + 1)
            let last = try XCTUnwrap(found.losses.last)
            XCTAssertTrue(last <= found.losses[0] || !generator.contract.hybrid.keepBest, "\(found.losses)")
        }

        func testLockedControllersStay() async throws {
            _ = try graph("step")
            var keep = generator.schema.average
            let name = generator.schema.controllers[0].name
            try keep.set(name, to: 0.9)
            try keep.lock([name])
            let face = try face(try graph("one_shot"), 0)
            for mode in [Mode.oneShot, .hybrid] {
                let found = try await generator.generate(face: face, mode: mode, keep: keep)
                XCTAssertEqual(found.parameters[name], 0.9)
            }
        }

        func testACancelledSearchStops() async throws {
            _ = try graph("step")
            let face = try face(try graph("one_shot"), 0)
            let task = Task { [generator] in try await generator!.generate(face: face, mode: .iterative) }
            task.cancel()
            do {
                _ = try await task.value
                XCTFail("it went on")
            } catch is CancellationError {}
        }

        private func assertStep(
            _ kind: String, _ step: Step, towards photo: Description, ahead: [Float], next: [Float], loss: Float,
            _ name: String
        ) async throws {
            let graph = try graph(kind)
            let found = try await networks.step(step, towards: photo, fast: kind == "step_fast")
            let off = zip(found.lookahead, ahead).map { abs($0 - $1) }.max() ?? 0
            XCTAssertLessThanOrEqual(Double(off), floor(graph, "controllers"), "look-ahead, \(name)")
            let wanted = zip(next, ahead).map { $0 - $1 }
            let moved = zip(found.next, ahead).map { $0 - $1 }
            XCTAssertGreaterThanOrEqual(cosine(moved, wanted), floor(graph, "update"), "update's cosine, \(name)")
            let length = abs(norm(moved) - norm(wanted)) / norm(wanted)
            XCTAssertLessThanOrEqual(length, floor(graph, "length"), "update's length, \(name)")
            XCTAssertLessThanOrEqual(Double(abs(found.loss - loss) / loss), floor(graph, "loss"), "loss, \(name)")
        }

        /// Returns the one number of a tensor; 1 where a schema without discrete groups has none.
        private func number(_ graph: Index.Graph, _ name: String) throws -> Float {
            try graph.tensors[name].map { try values($0)[0] } ?? 1
        }

        private var modelsFolder: URL? { CharacterGenerator.modelsInPackage }

        /// Returns the golden vectors of a graph; skips the test if the package was made without it.
        private func graph(_ name: String) throws -> Index.Graph {
            guard let graph = index.graphs[name] else { throw XCTSkip("the package was made without '\(name)'") }
            return graph
        }

        private func floor(_ graph: Index.Graph, _ name: String) -> Double { graph.floors[name] ?? .nan }

        private func values(_ tensor: Index.Tensor?) throws -> [Float] {
            let data = try Data(contentsOf: folder.appendingPathComponent(try XCTUnwrap(tensor).file))
            return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }

        /// Returns one entry along a tensor's first axis.
        private func sample(_ tensor: Index.Tensor?, _ i: Int) throws -> [Float] {
            let all = try values(tensor)
            let count = all.count / (try XCTUnwrap(tensor?.shape.first))
            return Array(all[(i * count)..<((i + 1) * count)])
        }

        private func face(_ graph: Index.Graph, _ i: Int) throws -> Picture {
            let file = try XCTUnwrap(graph.tensors["face"]).file
            let data = [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
            let edge = generator.imageSize
            let count = 3 * edge * edge
            return try Picture(width: edge, height: edge, pixels: Array(data[(i * count)..<((i + 1) * count)]))
        }

        private func index(_ values: [Float], _ range: Range<Int>) -> Int? {
            values[range].max().flatMap { values[range].firstIndex(of: $0) }
        }

        private func norm(_ values: [Float]) -> Double {
            values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        }

        private func cosine(_ a: [Float], _ b: [Float]) -> Double {
            zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / (norm(a) * norm(b))
        }
    }

    /// Counts from any thread.
    private final class Counter: @unchecked Sendable {
        private let lock = NSLock()
        private var counted = 0

        func add() { lock.withLock { counted += 1 } }
        var count: Int { lock.withLock { counted } }
    }
#endif
