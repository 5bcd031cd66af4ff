import Foundation

/// What went wrong: one word for programs, one sentence for people.
public struct F2PError: LocalizedError, Sendable, Equatable {
    /// What kind of thing it was.
    public let kind: F2PErrorKind
    /// One sentence: what was asked, what was found, what to do.
    public let message: String

    public init(_ kind: F2PErrorKind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var errorDescription: String? { message }
}
