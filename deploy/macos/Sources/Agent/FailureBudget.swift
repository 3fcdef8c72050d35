import BridgeContract
import Dispatch

/// How many requests may fail in some seconds: a hop that is broken doesn't fill the log, and is refused unheard for a while.
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
