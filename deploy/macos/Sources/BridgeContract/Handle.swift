/// By which an agent knows a flow that it handed over, 1 to 32 bytes: the hop says it back, and reads nothing in it.
public struct Handle: Hashable, Sendable {
    public let bytes: [UInt8]

    /// - Returns: nil for another number of bytes
    public init?(_ bytes: [UInt8]) {
        guard (1...Contract.handleMostBytes).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }
}
