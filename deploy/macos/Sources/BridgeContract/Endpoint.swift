/// An IPv4 address of 4 bytes or an IPv6 address of 16, in network order, and a port.
public struct Endpoint: Equatable, Sendable {
    public let address: [UInt8]
    public let port: UInt16

    /// An IPv4-mapped IPv6 address becomes the IPv4 address, so that each flow has exactly one encoding.
    ///
    /// - Returns: nil for another number of bytes
    public init?(address: [UInt8], port: UInt16) {
        guard address.count == 4 || address.count == 16 else { return nil }
        self.address = Endpoint.isMapped(address) ? Array(address[12...]) : address
        self.port = port
    }

    private init(unspecifiedOf count: Int) {
        address = [UInt8](repeating: 0, count: count)
        port = 0
    }

    /// The endpoint without address and port, of the same family: written if the system doesn't report the source.
    public var unspecified: Endpoint { Endpoint(unspecifiedOf: address.count) }

    static func isMapped(_ address: [UInt8]) -> Bool {
        address.count == 16 && address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
    }
}

/// The two ends of a TCP flow, of one family.
public struct FlowAddresses: Equatable, Sendable {
    public let source: Endpoint
    public let destination: Endpoint

    /// - Returns: nil for two families
    public init?(source: Endpoint, destination: Endpoint) {
        guard source.address.count == destination.address.count else { return nil }
        self.source = source
        self.destination = destination
    }

    public var family: UInt8 { source.address.count == 4 ? Contract.familyTcp4 : Contract.familyTcp6 }

    /// Source address, destination address, source port, destination port: 12 or 36 bytes.
    public var bytes: [UInt8] {
        source.address + destination.address + bigEndian(source.port) + bigEndian(destination.port)
    }

    /// - Returns: the number of bytes after a family's byte; nil for other protocols than TCP
    static func size(of family: UInt8) -> Int? {
        switch family {
        case Contract.familyTcp4: return 12
        case Contract.familyTcp6: return 36
        default: return nil
        }
    }

    enum Read: Equatable {
        case found(FlowAddresses)

        /// Its offset, in bytes from the first address.
        case malformed(offset: Int)
    }

    /// An IPv4-mapped address is rejected here, because it would be a second encoding.
    ///
    /// - Parameter bytes: of the length that `size(of:)` returns
    static func read(_ bytes: [UInt8]) -> Read {
        let size = bytes.count == 12 ? 4 : 16
        let source = Array(bytes[0..<size])
        let destination = Array(bytes[size..<2 * size])
        if Endpoint.isMapped(source) || Endpoint.isMapped(destination) {
            return .malformed(offset: Endpoint.isMapped(source) ? 0 : size)
        }
        guard let from = Endpoint(address: source, port: integer(bytes[(2 * size)..<(2 * size + 2)])),
            let to = Endpoint(address: destination, port: integer(bytes[(2 * size + 2)..<(2 * size + 4)])),
            let both = FlowAddresses(source: from, destination: to)
        else { return .malformed(offset: 0) }
        return .found(both)
    }
}
