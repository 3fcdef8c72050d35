/// What a hop answers to a flow that was handed over, and an agent to a request (BRIDGE.md, "Answer" and "Opening").
public enum Answer: Equatable, Sendable {
    /// The upstream connection is open; the flow's bytes follow.
    case connected

    /// The flow is over before it began; nothing follows.
    case failed(Reason)

    /// A notice: the connection was started and isn't open; it may never open.
    case waiting(Reason)

    /// A notice: how many connections the agent's process may have (0 for no limit), and has; and how many of these wait.
    case limits(capacity: UInt32, inUse: UInt32, waiting: UInt32)

    /// News: the system tells the next agent of this host who opened the flow.
    case carried

    /// News: the new connection's own address and its peer's.
    case addresses(FlowAddresses)

    /// News of a later version, which is passed over.
    case later(code: UInt8)

    /// Whether another answer follows.
    public var isNews: Bool {
        switch self {
        case .connected, .failed: return false
        case .waiting, .limits, .carried, .addresses, .later: return true
        }
    }

    /// All bytes of it.
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
