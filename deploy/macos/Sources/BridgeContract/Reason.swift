/// A reason for a failure or for waiting, in the form of a hop's close reasons: 1 to 64 of a-z, 0-9 and -, beginning with a letter.
public struct Reason: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let text: String

    /// - Returns: nil for bytes of another form
    init?(_ bytes: ArraySlice<UInt8>) {
        guard (1...Contract.reasonMostBytes).contains(bytes.count), let first = bytes.first, (0x61...0x7A).contains(first),
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
        else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Creates a reason of this source; fails for another form.
    public init(stringLiteral text: String) {
        guard let reason = Reason(Array(text.utf8)[...]) else { preconditionFailure("\(text) is no reason") }
        self = reason
    }

    public var description: String { text }
}
