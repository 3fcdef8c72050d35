/// Parses a hop's request, as far as it has arrived: a PROXY v2 header in which command and request have the same meaning, so
/// that a header for another purpose isn't mistaken for a request.
public enum RequestReader {
    /// The result for the bytes that have arrived so far.
    public enum Read: Equatable, Sendable {
        /// Valid so far.
        case needMore

        /// A complete request.
        case complete(HopRequest, length: Int)

        /// Not a request; the offset is in bytes from its start.
        case malformed(offset: Int)
    }

    private struct Malformed: Error {
        let offset: Int
    }

    private struct Tlv {
        let at: Int
        let type: UInt8
        let value: ArraySlice<UInt8>
    }

    /// Checks each of the first 16 bytes when it arrives, and the rest when it is complete.
    public static func read(_ bytes: [UInt8]) -> Read {
        do {
            guard let total = try total(bytes), bytes.count >= total else { return .needMore }
            return .complete(try request(Array(bytes[..<total])), length: total)
        } catch let problem as Malformed {
            return .malformed(offset: problem.offset)
        } catch {
            return .malformed(offset: 0)
        }
    }

    /// The length that the header claims; known after its first 16 bytes.
    private static func total(_ bytes: [UInt8]) throws -> Int? {
        for (offset, expected) in Contract.signature.enumerated() where offset < bytes.count && bytes[offset] != expected {
            throw Malformed(offset: offset)
        }
        if bytes.count > 12 && bytes[12] != Contract.commandProxy && bytes[12] != Contract.commandLocal {
            throw Malformed(offset: 12)
        }
        if bytes.count > 13 {
            guard addressBytes(bytes[12], bytes[13]) != nil else { throw Malformed(offset: 13) }
        }
        guard bytes.count >= Contract.headerFixedBytes else { return nil }
        let rest = Int(integer(bytes[14..<16]) as UInt16)
        guard rest >= addressBytes(bytes[12], bytes[13]) ?? 0,
            Contract.headerFixedBytes + rest <= Contract.headerMostBytes
        else { throw Malformed(offset: 14) }
        return Contract.headerFixedBytes + rest
    }

    /// LOCAL has no addresses here, unlike in other headers: each request has exactly one encoding.
    private static func addressBytes(_ command: UInt8, _ family: UInt8) -> Int? {
        command == Contract.commandProxy ? FlowAddresses.size(of: family) : family == Contract.familyNone ? 0 : nil
    }

    private static func request(_ header: [UInt8]) throws -> HopRequest {
        let start = Contract.headerFixedBytes
        guard let size = addressBytes(header[12], header[13]) else { throw Malformed(offset: 13) }
        var flow: FlowAddresses?
        if size > 0 {
            switch FlowAddresses.read(Array(header[start..<(start + size)])) {
            case .found(let addresses): flow = addresses
            case .malformed(let offset): throw Malformed(offset: start + offset)
            }
        }
        let tlvs = try tlvs(header, start + size)
        try checkChecksum(header, tlvs)
        let handle = try handle(tlvs, asked: flow == nil ? Contract.watch : Contract.open, start + size)
        return flow.map { .open($0, handle) } ?? .watch
    }

    private static func tlvs(_ header: [UInt8], _ start: Int) throws -> [Tlv] {
        var tlvs: [Tlv] = []
        var at = start
        while at < header.count {
            guard at + 3 <= header.count else { throw Malformed(offset: at) }
            let end = at + 3 + Int(integer(header[(at + 1)..<(at + 3)]) as UInt16)
            guard end <= header.count else { throw Malformed(offset: at + 1) }
            tlvs.append(Tlv(at: at, type: header[at], value: header[(at + 3)..<end]))
            at = end
        }
        return tlvs
    }

    private static func checkChecksum(_ header: [UInt8], _ tlvs: [Tlv]) throws {
        for tlv in tlvs where tlv.type == Contract.checksum {
            guard tlv.value.count == 4 else { throw Malformed(offset: tlv.at + 3) }
            var zeroed = header
            zeroed.replaceSubrange(tlv.value.indices, with: [0, 0, 0, 0])
            guard Checksum.of(zeroed) == integer(tlv.value) else { throw Malformed(offset: tlv.at + 3) }
        }
    }

    /// The request's TLV first, then perhaps a handle, then perhaps a checksum, and nothing else.
    private static func handle(_ tlvs: [Tlv], asked: UInt8, _ start: Int) throws -> Handle? {
        var place = 0
        var handle: Handle?
        for tlv in tlvs {
            let found = self.place(of: tlv.type, opens: asked == Contract.open)
            guard found > place, place > 0 || found == 1 else { throw Malformed(offset: tlv.at) }
            place = found
            if tlv.type == Contract.request {
                try check(tlv.value, tlv.at + 3, asked)
            } else if tlv.type == Contract.handle {
                handle = Handle(Array(tlv.value))
                guard handle != nil else { throw Malformed(offset: tlv.at + 3) }
            }
        }
        guard place > 0 else { throw Malformed(offset: start) }
        return handle
    }

    /// 0 for a TLV that isn't allowed.
    private static func place(of type: UInt8, opens: Bool) -> Int {
        switch type {
        case Contract.request: return 1
        case Contract.handle: return opens ? 2 : 0
        case Contract.checksum: return 3
        default: return 0
        }
    }

    private static func check(_ request: ArraySlice<UInt8>, _ at: Int, _ asked: UInt8) throws {
        guard request.count >= 4, request.prefix(2).elementsEqual(Contract.magic) else { throw Malformed(offset: at) }
        let rest = Array(request.dropFirst(2))
        guard rest[0] == Contract.version else { throw Malformed(offset: at + 2) }
        guard rest[1] == asked else { throw Malformed(offset: at + 3) }
        guard rest.count == 2 else { throw Malformed(offset: at + 4) }
    }
}
