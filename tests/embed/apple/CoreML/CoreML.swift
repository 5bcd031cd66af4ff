// What F2PKit uses of Core ML, answered by the reference interpreter of f2p-deploy; see CoreGraphics.swift beside it.
// `Host` sends what is to be computed to the process that runs the test.

import CoreVideo
import Foundation

public enum MLComputeUnits: Int, Sendable {
    case cpuOnly = 0
    case cpuAndGPU = 1
    case all = 2
    case cpuAndNeuralEngine = 3
}

public final class MLModelConfiguration: NSObject {
    public var computeUnits = MLComputeUnits.all
    @available(iOS 18, macOS 15, *)
    public var functionName: String? {
        get { function }
        set { function = newValue }
    }
    fileprivate var function: String?
}

/// Numbers with gaps between their rows, as a device's own memory has them.
public final class MLMultiArray: NSObject {
    public let shape: [NSNumber]
    let rows: [[Float]]

    init(shape: [Int], scalars: [Float]) {
        self.shape = shape.map { NSNumber(value: $0) }
        let length = max(1, shape.last ?? 1)
        rows = stride(from: 0, to: scalars.count, by: length).map { Array(scalars[$0..<($0 + length)]) + [.nan] }
    }

    public convenience init<Shaped: MLShapedArrayProtocol>(_ shaped: Shaped) where Shaped.Scalar == Float {
        self.init(shape: shaped.shape, scalars: shaped.scalars)
    }

    var scalars: [Float] { rows.flatMap { $0.dropLast() } }
}

public protocol MLShapedArrayProtocol {
    associatedtype Scalar
    var shape: [Int] { get }
    var scalars: [Scalar] { get }
}

public struct MLShapedArray<Scalar>: MLShapedArrayProtocol {
    public let shape: [Int]
    public let scalars: [Scalar]

    public init(scalars: some Sequence<Scalar>, shape: [Int]) {
        self.scalars = Array(scalars)
        self.shape = shape
        precondition(self.scalars.count == shape.reduce(1, *))
    }
}

extension MLShapedArray where Scalar == Float {
    public init(converting array: MLMultiArray) {
        self.init(scalars: array.scalars, shape: array.shape.map(\.intValue))
    }
}

public final class MLFeatureValue: NSObject {
    public let multiArrayValue: MLMultiArray?
    let pixelBuffer: CVPixelBuffer?

    public init(multiArray: MLMultiArray) {
        multiArrayValue = multiArray
        pixelBuffer = nil
    }

    public init(pixelBuffer: CVPixelBuffer) {
        multiArrayValue = nil
        self.pixelBuffer = pixelBuffer
    }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for name: String) -> MLFeatureValue?
}

public final class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
    private let values: [String: MLFeatureValue]

    public init(dictionary: [String: Any]) throws {
        values = try dictionary.mapValues {
            guard let value = $0 as? MLFeatureValue else { throw StandInError(message: "not a feature value: \($0)") }
            return value
        }
    }

    public var featureNames: Set<String> { Set(values.keys) }
    public func featureValue(for name: String) -> MLFeatureValue? { values[name] }
}

public final class MLMultiArrayConstraint: NSObject {
    public let shape: [NSNumber]
    init(_ shape: [Int]) { self.shape = shape.map { NSNumber(value: $0) } }
}

public final class MLFeatureDescription: NSObject {
    public let multiArrayConstraint: MLMultiArrayConstraint?
    init(_ shape: [Int]?) { multiArrayConstraint = shape.map(MLMultiArrayConstraint.init) }
}

public final class MLModelDescription: NSObject {
    public let inputDescriptionsByName: [String: MLFeatureDescription]
    init(_ inputs: [String: MLFeatureDescription]) { inputDescriptionsByName = inputs }
}

public final class MLModel: NSObject {
    public let modelDescription: MLModelDescription
    private let folder: URL
    private let function: String?

    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        folder = url
        function = configuration.function
        let reply = try Host.ask(.init(what: "load", model: url.path, function: function), [])
        modelDescription = MLModelDescription(
            Dictionary(uniqueKeysWithValues: reply.0.values.map { ($0.name, MLFeatureDescription($0.shape)) }))
    }

    /// What Core ML makes of a package is a folder; here it is the package itself under another name.
    public static func compileModel(at url: URL) async throws -> URL {
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).mlmodelc")
        try FileManager.default.copyItem(at: url, to: made)
        return made
    }

    public func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider {
        var request = Host.Message(what: "compute", model: folder.path, function: function)
        var content: [Data] = []
        for name in input.featureNames.sorted() {
            guard let value = input.featureValue(for: name) else { continue }
            if let buffer = value.pixelBuffer {
                request.values.append(.init(name: name, shape: [1, buffer.height, buffer.width, 4], bytes: "bgra"))
                for row in 0..<buffer.height {
                    content.append(Data(bytes: buffer.base + row * buffer.bytesPerRow, count: 4 * buffer.width))
                }
            } else if let array = value.multiArrayValue {
                request.values.append(.init(name: name, shape: array.shape.map(\.intValue), bytes: "f32"))
                content.append(array.scalars.withUnsafeBytes { Data($0) })
            }
        }
        let (reply, bytes) = try Host.ask(request, content)
        var found: [String: Any] = [:]
        var start = 0
        for value in reply.values {
            let count = value.shape.reduce(1, *)
            let scalars = bytes.subdata(in: start..<(start + 4 * count)).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            found[value.name] = MLFeatureValue(multiArray: MLMultiArray(shape: value.shape, scalars: scalars))
            start += 4 * count
        }
        return try MLDictionaryFeatureProvider(dictionary: found)
    }

    public func prediction(from input: any MLFeatureProvider) async throws -> any MLFeatureProvider {
        fatalError("F2PKit calls Core ML from an actor, one call at a time")
    }
}

public struct StandInError: LocalizedError {
    let message: String
    public var errorDescription: String? { message }
}

/// The process that computes, at the other end of two named pipes in the folder `F2P_HOST`.
public enum Host {
    public struct Value: Codable {
        public let name: String
        public let shape: [Int]
        public let bytes: String

        public init(name: String, shape: [Int], bytes: String) {
            self.name = name
            self.shape = shape
            self.bytes = bytes
        }
    }

    public struct Message: Codable {
        public var what: String
        public var model: String
        public var function: String?
        public var values: [Value] = []
        public var length = 0

        public init(what: String, model: String, function: String?) {
            self.what = what
            self.model = model
            self.function = function
        }
    }

    private static let lock = NSLock()

    /// Sends a message and waits for the answer: each is a line of JSON, then as many bytes as that says.
    public static func ask(_ message: Message, _ content: [Data]) throws -> (Message, Data) {
        lock.lock()
        defer { lock.unlock() }
        guard let folder = ProcessInfo.processInfo.environment["F2P_HOST"] else {
            throw StandInError(message: "there is no F2P_HOST to compute")
        }
        var sent = message
        sent.length = content.reduce(0) { $0 + $1.count }
        var bytes = try JSONEncoder().encode(sent) + Data("\n".utf8)
        content.forEach { bytes.append($0) }
        let requests = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder)/requests"))
        try requests.write(contentsOf: bytes)
        try requests.close()
        let answers = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(folder)/answers"))
        let all = try answers.readToEnd() ?? Data()
        try answers.close()
        guard let end = all.firstIndex(of: UInt8(ascii: "\n")) else { throw StandInError(message: "no answer") }
        let answer = try JSONDecoder().decode(Message.self, from: all[..<end])
        if answer.what == "error" { throw StandInError(message: answer.model) }
        return (answer, Data(all[(end + 1)...]))
    }
}
