import Foundation

extension Parameters {
    static let format = "f2p-parameters"
    static let version = 1

    /// The character as `parameters.json`, byte for byte as f2p-deploy's Python side writes it.
    public var json: String {
        let controllers = zip(schema.controllers, values).map { "    \(quoted($0.name)): \($1)" }
        let discrete = schema.parts.map { group, range in "    \(quoted(group.name)): \(choiceJSON(group, range))" }
        let entries = [
            "\"format\": \(quoted(Parameters.format))",
            "\"version\": \(Parameters.version)",
            "\"schema\": \(quoted(schema.name))",
            "\"schema_fingerprint\": \(quoted(schema.fingerprint))",
            "\"controllers\": \(block("{", controllers, "}"))",
            "\"discrete\": \(block("{", discrete, "}"))",
            "\"locked\": \(block("[", lockedInOrder.map { "    \(quoted($0))" }, "]"))",
        ]
        return "{\n" + entries.map { "  \($0)" }.joined(separator: ",\n") + "\n}\n"
    }

    /// Reads a character that `json`, or the Python side, has written; it may have been edited by hand.
    ///
    /// - Throws: `F2PError` of the kind `invalidInput` for another schema, or an unknown, missing or wrong entry.
    public init(json: String, schema: Schema) throws {
        let content: Content
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(json.utf8))
        } catch {
            throw F2PError(.invalidInput, "not a parameter file: \(error)")
        }
        guard content.format == Parameters.format, content.version == Parameters.version else {
            throw F2PError(.invalidInput, "not a parameter file of version \(Parameters.version)")
        }
        guard content.schema == schema.name, content.fingerprint ?? schema.fingerprint == schema.fingerprint else {
            throw F2PError(.invalidInput, "written for schema '\(content.schema)' or another version of '\(schema.name)'")
        }
        let discrete = content.discrete ?? [:]
        let known = Set(schema.controllers.map(\.name)).union(schema.discrete.map(\.name))
        if let unknown = Set(content.controllers.keys).union(discrete.keys).subtracting(known).min() {
            throw F2PError(.invalidInput, "no controller or discrete group named '\(unknown)'")
        }
        var values: [Float] = []
        for controller in schema.controllers {
            guard let value = content.controllers[controller.name] else {
                throw F2PError(.invalidInput, "'\(controller.name)' of schema '\(schema.name)' is missing")
            }
            values.append(value)
        }
        for group in schema.discrete {
            guard let choice = discrete[group.name] else {
                throw F2PError(.invalidInput, "'\(group.name)' of schema '\(schema.name)' is missing")
            }
            if let unknown = Set(choice.probabilities.keys).subtracting(group.options).min() {
                throw F2PError(.invalidInput, "no option of '\(group.name)' named '\(unknown)'")
            }
            values += group.options.map { choice.probabilities[$0] ?? 0 }
        }
        try self.init(schema: schema, values: values, locked: Set(content.locked ?? []))
    }

    private struct Content: Decodable {
        let format: String
        let version: Int
        let schema: String
        let fingerprint: String?
        let controllers: [String: Float]
        let discrete: [String: Choice]?
        let locked: [String]?

        enum CodingKeys: String, CodingKey {
            case format, version, schema, controllers, discrete, locked
            case fingerprint = "schema_fingerprint"
        }
    }

    /// An option's name, or the probabilities of options.
    private struct Choice: Decodable {
        let probabilities: [String: Float]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let option = try? container.decode(String.self) {
                probabilities = [option: 1]
            } else {
                probabilities = try container.decode([String: Float].self)
            }
        }
    }

    /// Python's order of strings is that of their code points.
    private var lockedInOrder: [String] {
        locked.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }

    private func choiceJSON(_ group: Schema.DiscreteGroup, _ range: Range<Int>) -> String {
        let probabilities = values[range]
        if probabilities.max() == 1, probabilities.filter({ $0 != 0 }).count == 1 {
            return quoted(choice(group.name) ?? group.standard)
        }
        let options = zip(group.options, probabilities).map { "      \(quoted($0)): \($1)" }
        return "{\n" + options.joined(separator: ",\n") + "\n    }"
    }

    private func block(_ open: String, _ lines: [String], _ close: String) -> String {
        lines.isEmpty ? open + close : "\(open)\n\(lines.joined(separator: ",\n"))\n  \(close)"
    }

    private func quoted(_ text: String) -> String {
        var found = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": found += "\\\""
            case "\\": found += "\\\\"
            case "\n": found += "\\n"
            case "\r": found += "\\r"
            case "\t": found += "\\t"
            case "\u{8}": found += "\\b"
            case "\u{c}": found += "\\f"
            case _ where scalar.value < 0x20: found += String(format: "\\u%04x", scalar.value)
            default: found.unicodeScalars.append(scalar)
            }
        }
        return found + "\""
    }
}
