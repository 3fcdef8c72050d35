/// The id of a flow that an agent handed over, 1 to 32 bytes that the agent chooses. The hop sends it back unchanged.
public struct Handle: Hashable, Sendable {
    public let bytes: [UInt8]

    /// - Returns: nil for another number of bytes
    public init?(_ bytes: [UInt8]) {
        guard (1...Contract.handleMostBytes).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }
}
