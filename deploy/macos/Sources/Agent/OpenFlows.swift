import BridgeContract

/// The flows that were handed over and are still open, by their handles: the hop may request a connection with their identity.
public final class OpenFlows<Flow> {
    private let salt: UInt64
    private var count: UInt64 = 0
    private var flows: [Handle: Flow] = [:]

    /// - Parameter salt: different in each run of the agent, so that a handle of one run is unknown in the next
    public init(salt: UInt64 = UInt64.random(in: .min ... .max)) {
        self.salt = salt
    }

    public func add(_ flow: Flow) -> Handle {
        count += 1
        let bytes = [salt, count].flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        guard let handle = Handle(bytes) else { preconditionFailure("a handle has 16 bytes") }
        flows[handle] = flow
        return handle
    }

    public func remove(_ handle: Handle) {
        flows[handle] = nil
    }

    public subscript(handle: Handle) -> Flow? { flows[handle] }
}
