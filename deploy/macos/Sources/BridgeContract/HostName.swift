/// A destination's name in the only form that BRIDGE.md, section 1, allows.
public struct HostName: Equatable, Sendable {
    public let text: String

    /// Takes a name as applications write them: upper case becomes lower case, and the root's dot at the end is dropped.
    ///
    /// - Returns: nil for an invalid name, such as an address or letters that aren't ASCII; the flow then has no name
    public init?(_ name: String) {
        let lower = name.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        self.init(bytes: lower.count > 1 && lower.last == 0x2E ? lower.dropLast() : lower)
    }

    private init?(bytes: [UInt8]) {
        guard (1...Contract.hostNameMostBytes).contains(bytes.count) else { return nil }
        let labels = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard labels.allSatisfy(HostName.isLabel), let last = labels.last, last.contains(where: HostName.isLetter) else {
            return nil
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        guard (1...63).contains(label.count), label.first != 0x2D, label.last != 0x2D else { return false }
        return label.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte)
    }
}
