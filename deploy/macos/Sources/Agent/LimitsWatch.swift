import BridgeContract
import Dispatch
import Foundation

/// A hop that gets the limits: at once, after a change at a limited rate, and periodically.
final class LimitsWatch {
    private static let every = DispatchTimeInterval.seconds(Contract.limitsEverySeconds)
    private static let atLeastBetween = DispatchTimeInterval.milliseconds(1000 / Contract.limitsMostASecond)

    private let hop: UnixStream
    private let limits: () -> Answer
    private let queue: DispatchQueue
    private let over: () -> Void
    private var reported = DispatchTime.now()
    private var hasChanged = false
    private var next: DispatchWorkItem?

    /// - Parameter over: called when the hop stops watching
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
        report()
    }

    /// Schedules a report at the first change since the last one; it includes later changes.
    func changed() {
        if !hasChanged {
            hasChanged = true
            schedule(at: reported + LimitsWatch.atLeastBetween)
        }
    }

    private func report() {
        reported = .now()
        hasChanged = false
        // A hop that doesn't read gets the current limits when it reads again.
        if !hop.isWriting {
            hop.write(Data(limits().encode())) { _ in }
        }
        schedule(at: reported + LimitsWatch.every)
    }

    private func schedule(at time: DispatchTime) {
        next?.cancel()
        let item = DispatchWorkItem { [weak self] in self?.report() }
        next = item
        queue.asyncAfter(deadline: time, execute: item)
    }
}
