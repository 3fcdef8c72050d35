import BridgeContract
import Dispatch

/// A limit for failed requests in a time window: a defective hop doesn't fill the log, and is refused for a while before its
/// request is read.
public struct FailureBudget {
    private static let window = UInt64(Contract.failedRequestsSeconds) * 1_000_000_000
    private var failures: [UInt64] = []

    public init() {}

    public mutating func failed(at now: DispatchTime) {
        failures.append(now.uptimeNanoseconds)
    }

    public mutating func isSpent(at now: DispatchTime) -> Bool {
        failures.removeAll { $0 + FailureBudget.window <= now.uptimeNanoseconds }
        return failures.count >= Contract.failedRequestsMost
    }
}
