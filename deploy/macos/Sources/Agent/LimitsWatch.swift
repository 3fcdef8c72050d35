import BridgeContract
import Dispatch
import Foundation

/// A hop that is told the limits: at once, at a change but not too often, and now and then in any case.
final class LimitsWatch {
    private static let every = DispatchTimeInterval.seconds(Contract.limitsEverySeconds)
    private static let atLeastBetween = DispatchTimeInterval.milliseconds(1000 / Contract.limitsMostASecond)

    private let hop: UnixStream
    private let limits: () -> Answer
    private let queue: DispatchQueue
    private let over: () -> Void
    private var told = DispatchTime.now()
    private var hasChanged = false
    private var next: DispatchWorkItem?

    /// - Parameter over: is told that the hop watches no longer
    init(hop: UnixStream, queue: DispatchQueue, limits: @escaping () -> Answer, over: @escaping () -> Void) {
        self.hop = hop
        self.queue = queue
        self.limits = limits
        self.over = over
    }

    func start() {
        hop.read { [self] _ in
            next?.cancel()
            hop.close()
            over()
        }
        tell()
    }

    /// At the first change since it was told; those that follow are told with it.
    func changed() {
        if !hasChanged {
            hasChanged = true
            schedule(at: told + LimitsWatch.atLeastBetween)
        }
    }

    private func tell() {
        told = .now()
        hasChanged = false
        // A hop that doesn't read is told what is true when it does.
        if !hop.isWriting {
            hop.write(Data(limits().encode())) { _ in }
        }
        schedule(at: told + LimitsWatch.every)
    }

    private func schedule(at time: DispatchTime) {
        next?.cancel()
        let item = DispatchWorkItem { [weak self] in self?.tell() }
        next = item
        queue.asyncAfter(deadline: time, execute: item)
    }
}
