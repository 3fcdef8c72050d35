/// Reads an answer as far as it has arrived. The prefix and the known codes are the same in every version, so that an agent
/// learns the result for its flow from a later hop too.
public enum AnswerReader {
    /// The result for the bytes that have arrived so far.
    public enum Read: Equatable, Sendable {
        /// Valid so far; the answer has at least this many bytes from its start.
        case needMore(total: Int)

        /// A complete answer; later bytes aren't part of it.
        case complete(Answer, length: Int)

        /// Not an answer; the offset is in bytes from its start.
        case malformed(offset: Int)
    }

    /// - Parameter bytes: begin with the answer
    public static func read(_ bytes: [UInt8]) -> Read {
        for (offset, expected) in Contract.magic.enumerated() where offset < bytes.count && bytes[offset] != expected {
            return .malformed(offset: offset)
        }
        guard bytes.count >= Contract.answerPrefixBytes else { return .needMore(total: Contract.answerPrefixBytes) }
        let code = bytes[3]
        let length = Int(integer(bytes[4..<6]) as UInt16)
        if bytes[2] == 0 {
            return .malformed(offset: 2)
        }
        if code > Contract.failed && code < Contract.waiting {
            return .malformed(offset: 3)
        }
        guard isLength(length, of: code) else { return .malformed(offset: 4) }
        let total = Contract.answerPrefixBytes + length
        guard bytes.count >= total else { return .needMore(total: total) }
        return content(code, bytes[Contract.answerPrefixBytes..<total], total)
    }

    private static func isLength(_ length: Int, of code: UInt8) -> Bool {
        switch code {
        case Contract.connected, Contract.carried: return length == 0
        case Contract.limits: return length == 12
        case Contract.addresses: return length == 13 || length == 37
        default: return length <= Contract.answerContentMostBytes
        }
    }

    private static func content(_ code: UInt8, _ content: ArraySlice<UInt8>, _ total: Int) -> Read {
        let start = content.startIndex
        switch code {
        case Contract.connected:
            return .complete(.connected, length: total)
        case Contract.failed, Contract.waiting:
            guard let reason = Reason(content) else { return .malformed(offset: start) }
            return .complete(code == Contract.failed ? .failed(reason) : .waiting(reason), length: total)
        case Contract.limits:
            let capacity: UInt32 = integer(content[start..<(start + 4)])
            let inUse: UInt32 = integer(content[(start + 4)..<(start + 8)])
            let waiting: UInt32 = integer(content[(start + 8)..<(start + 12)])
            guard waiting <= inUse else { return .malformed(offset: start + 8) }
            return .complete(.limits(capacity: capacity, inUse: inUse, waiting: waiting), length: total)
        case Contract.carried:
            return .complete(.carried, length: total)
        case Contract.addresses:
            guard FlowAddresses.size(of: content[start]) == content.count - 1 else { return .malformed(offset: start) }
            switch FlowAddresses.read(Array(content.dropFirst())) {
            case .found(let both): return .complete(.addresses(both), length: total)
            case .malformed(let offset): return .malformed(offset: start + 1 + offset)
            }
        default:
            return .complete(.later(code: code), length: total)
        }
    }
}
