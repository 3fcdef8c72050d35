/// The answer of a hop to a flow that was handed over, or of an agent to a request (BRIDGE.md, "Answer" and "Opening").
public enum Answer: Equatable, Sendable {
    /// The upstream connection is open; the flow's bytes follow.
    case connected

    /// The flow has failed before it was opened; nothing follows.
    case failed(Reason)

    /// A notice: the connection was started and isn't open; it may never open.
    case waiting(Reason)

    /// A notice: the number of connections that the agent's process may have (0 for no limit), that it has, and that wait.
    case limits(capacity: UInt32, inUse: UInt32, waiting: UInt32)

    /// A notice: the system reports the flow's originator to the next agent on this host.
    case carried

    /// A notice: the local and the remote address of the new connection.
    case addresses(FlowAddresses)

    /// A notice of a later version, which is ignored.
    case later(code: UInt8)

    /// Whether another answer follows.
    public var isNews: Bool {
        switch self {
        case .connected, .failed: return false
        case .waiting, .limits, .carried, .addresses, .later: return true
        }
    }

    /// Its encoding.
    public func encode() -> [UInt8] {
        switch self {
        case .connected: return Answer.encode(Contract.connected, [])
        case .failed(let reason): return Answer.encode(Contract.failed, Array(reason.text.utf8))
        case .waiting(let reason): return Answer.encode(Contract.waiting, Array(reason.text.utf8))
        case .limits(let capacity, let inUse, let waiting):
            return Answer.encode(Contract.limits, bigEndian(capacity) + bigEndian(inUse) + bigEndian(waiting))
        case .carried: return Answer.encode(Contract.carried, [])
        case .addresses(let both): return Answer.encode(Contract.addresses, [both.family] + both.bytes)
        case .later(let code): return Answer.encode(code, [])
        }
    }

    private static func encode(_ code: UInt8, _ content: [UInt8]) -> [UInt8] {
        Contract.magic + [Contract.version, code] + bigEndian(UInt16(content.count)) + content
    }
}
