import BridgeContract

/// The slots for connections of this process. One is in use from the request until the system has released the connection. The
/// agent refuses no connection, because the hop does its own counting.
public final class Places {
    /// Maximum number of connections of a process with Network.framework according to Apple's engineers: 512, and 1024 from macOS
    /// 26.4 on.
    public static let limit: UInt32 = 512
    public static let limitFrom264: UInt32 = 1024

    private let capacity: UInt32
    private var taken: UInt32 = 0
    private var waiting: UInt32 = 0

    /// Called when the limits change.
    public var changed: () -> Void = {}

    public init(capacity: UInt32) {
        self.capacity = capacity
    }

    public var limits: Answer { .limits(capacity: capacity, inUse: taken, waiting: waiting) }

    public func take() -> Place {
        taken += 1
        changed()
        return Place(self)
    }

    /// The slot of one connection.
    public final class Place {
        private let places: Places
        private var isFree = false

        init(_ places: Places) {
            self.places = places
        }

        /// Whether the connection was started and isn't open.
        public var waits = false {
            didSet {
                guard waits != oldValue, !isFree else { return }
                places.waiting = waits ? places.waiting + 1 : places.waiting - 1
                places.changed()
            }
        }

        /// Frees the slot when the connection has ended or was cancelled; a second call has no effect.
        public func release() {
            guard !isFree else { return }
            waits = false
            isFree = true
            places.taken -= 1
            places.changed()
        }
    }
}
