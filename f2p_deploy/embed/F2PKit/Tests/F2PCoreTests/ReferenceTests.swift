import Foundation
import XCTest

@testable import F2PCore

/// What f2p-deploy's Python side computed of a few cases: Reference/reference.json.
private struct Reference: Decodable {
    struct Character: Decodable {
        let values: [Float]
        let locked: [String]
        let json: String
    }
    struct Photo: Decodable {
        let edge: Int
        let pixels: Data
    }
    struct Warp: Decodable {
        let landmarks: [[Double]]
        let matrix: [[Double]]
        let pixels: Data
    }
    struct Options: Decodable {
        struct Case: Decodable {
            let locked: [String]
            let chosen: [Float]
        }
        let count: Int
        let loss: Float
        let single: [Float]
        let pairs: [FormulaNetworks.Pair]
        let start: [Float]
        let cases: [Case]
    }
    struct Described: Decodable {
        let identity: [Float]
        let content: [Float]
        var description: F2PCore.Description { .init(identity: identity, content: content) }
    }
    struct TrueLoss: Decodable {
        let drawn: Described
        let photo: Described
        let loss: Float
    }
    let options: Options
    let trueLoss: TrueLoss
    let characters: [Character]
    let beta: Float
    let soft: [Float]
    let state: [Float]
    let smoothed: [Float]
    let hardened: [Float]
    let hardenedWithLead: [Float]
    let photo: Photo
    let size: Int
    let warps: [Warp]
}

/// The Swift side computes what the Python side does; no model is needed, so these run anywhere.
final class ReferenceTests: XCTestCase {
    private var reference: Reference!
    private var contract: Contract!
    private var schema: Schema { contract.schema }

    override func setUpWithError() throws {
        let folder = try XCTUnwrap(Bundle.module.url(forResource: "Reference", withExtension: nil))
        contract = try Contract(contentsOf: folder.appendingPathComponent("contract.json"))
        let data = try Data(contentsOf: folder.appendingPathComponent("reference.json"))
        reference = try JSONDecoder().decode(Reference.self, from: data)
    }

    func testJSONIsThatOfPythonByteForByteAndReadsBack() throws {
        for character in reference.characters {
            let parameters = try Parameters(schema: schema, values: character.values, locked: Set(character.locked))
            XCTAssertEqual(parameters.json, character.json)
            XCTAssertEqual(try Parameters(json: character.json, schema: schema), parameters)
        }
    }

    func testDiscreteGroups() {
        assertClose(schema.state(reference.soft, beta: reference.beta), reference.state, 1e-5)
        assertClose(schema.smoothed(reference.state, beta: reference.beta), reference.smoothed, 1e-6)
        XCTAssertEqual(schema.hardened(reference.soft), reference.hardened)
        XCTAssertEqual(schema.hardened(reference.soft, lead: 0.5), reference.hardenedWithLead)
    }

    func testOptionsThroughTheShortcutAreThoseThatPythonChooses() async throws {
        let options = reference.options
        let chooser = FastOptionChooser(networks: formula, contract: contract, count: options.count)
        let photo = Description(identity: [1], content: [0])
        for wanted in options.cases {
            let keep = try Parameters(schema: schema, values: options.start, locked: Set(wanted.locked))
            let found = try await chooser.run(options.start, towards: photo, locked: keep.lockedMask)
            XCTAssertEqual(found, wanted.chosen, "with \(wanted.locked) locked")
        }
    }

    func testTheTrueLossIsThatOfPython() {
        let wanted = reference.trueLoss
        let found = contract.trueLoss(of: wanted.drawn.description, beside: wanted.photo.description)
        XCTAssertEqual(found, wanted.loss, accuracy: 1e-5 * abs(wanted.loss))
    }

    func testWarpDrawsWhatPythonDraws() throws {
        let edge = reference.photo.edge
        let photo = try Picture(width: edge, height: edge, pixels: [UInt8](reference.photo.pixels))
        for warp in reference.warps {
            let points = warp.landmarks.map { Point(x: $0[0], y: $0[1]) }
            let target = contract.template.map {
                Point(x: $0[0] * Double(reference.size), y: $0[1] * Double(reference.size))
            }
            let found = Similarity(from: points, onto: target)
            XCTAssertEqual(found.a, warp.matrix[0][0], accuracy: 1e-9)
            XCTAssertEqual(found.b, warp.matrix[1][0], accuracy: 1e-9)
            XCTAssertEqual(found.shift.x, warp.matrix[0][2], accuracy: 1e-7)
            XCTAssertEqual(found.shift.y, warp.matrix[1][2], accuracy: 1e-7)
            let drawn = warped(photo, by: found, size: reference.size).pixels
            let off = zip(drawn, warp.pixels).map { abs(Int($0) - Int($1)) }
            XCTAssertLessThanOrEqual(off.max() ?? 255, 1)
        }
    }

    func testLandmarksDoNotDependOnHowSidesAreNamed() throws {
        let left = [Point(x: 30, y: 40), Point(x: 40, y: 40)]
        let right = [Point(x: 60, y: 40), Point(x: 70, y: 40)]
        let nose = [Point(x: 50, y: 45), Point(x: 51, y: 60)]
        let lips = [Point(x: 40, y: 75), Point(x: 50, y: 72), Point(x: 60, y: 75)]
        let found = try XCTUnwrap(Landmarks(eyes: (left, right), noseCrest: nose, lips: lips))
        XCTAssertEqual(found, Landmarks(eyes: (right, left), noseCrest: nose, lips: lips))
        XCTAssertEqual(found.leftEye, Point(x: 35, y: 40))
        XCTAssertEqual(found.noseTip, Point(x: 51, y: 60))
        XCTAssertEqual(found.mouthLeft, Point(x: 40, y: 75))
        XCTAssertNil(Landmarks(eyes: (left, []), noseCrest: nose, lips: lips))
    }

    func testFacesThatNothingGoodComesOfAreRefused() throws {
        let photo = try Picture(width: 64, height: 64, pixels: [UInt8](repeating: 128, count: 3 * 64 * 64))
        let alignment = Alignment(contract: contract)
        func face(_ scale: Double, turn: Double = 0) -> Landmarks {
            let p = contract.template.map { Point(x: $0[0] * scale, y: $0[1] * scale) }
            return Landmarks(
                leftEye: p[0], rightEye: p[1], noseTip: Point(x: p[2].x + turn * scale, y: p[2].y), mouthLeft: p[3],
                mouthRight: p[4])
        }
        func kind(_ landmarks: Landmarks) -> F2PErrorKind? {
            do {
                _ = try alignment.align(photo, landmarks)
                return nil
            } catch let error as F2PError {
                return error.kind
            } catch {
                return nil
            }
        }
        XCTAssertEqual(kind(face(20)), .tooSmall)
        XCTAssertEqual(kind(face(600, turn: 0.4)), .turned)
        XCTAssertNil(kind(face(600)))
        XCTAssertFalse(try alignment.align(photo, face(100)).warnings.isEmpty)
    }

    func testHandEditingKeepsLocksAndRanges() throws {
        var parameters = schema.average
        let name = schema.controllers[0].name
        try parameters.set(name, to: 0.25)
        XCTAssertEqual(parameters[name], 0.25)
        try parameters.lock([name])
        XCTAssertThrowsError(try parameters.set(name, to: 0.5))
        XCTAssertThrowsError(try parameters.set("no such controller", to: 0.5))
        XCTAssertThrowsError(try Parameters(schema: schema, values: [0.5]))
        var wrong = parameters.values
        wrong[0] = .nan
        XCTAssertThrowsError(try Parameters(schema: schema, values: wrong))
        if let group = schema.discrete.first {
            try parameters.choose(group.options[0], of: group.name)
            XCTAssertEqual(parameters.choice(group.name), group.options[0])
            XCTAssertThrowsError(try parameters.choose("no such option", of: group.name))
        }
        XCTAssertEqual(parameters.merged([Float](repeating: 0, count: schema.count))[0], 0.25)
    }

    private var formula: FormulaNetworks {
        let options = reference.options
        return FormulaNetworks(count: options.count, loss: options.loss, single: options.single, pairs: options.pairs)
    }

    private func assertClose(_ found: [Float], _ expected: [Float], _ tolerance: Float) {
        XCTAssertEqual(found.count, expected.count)
        for (a, b) in zip(found, expected) {
            XCTAssertEqual(a, b, accuracy: tolerance)
        }
    }
}
