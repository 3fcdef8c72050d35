import Foundation

/// What came of reading.
public enum ReadOutcome: Equatable, Sendable {
    case data(Data)

    /// The other side shut down its direction; nothing follows.
    case end

    /// A reset, or whatever else leaves no connection.
    case broken
}

/// One end of a relay: an application's flow, a connection that was opened, or a hop's Unix socket. Everything is called, and
/// answers, on the agent's queue. At most one read is under way, and writes are asked for one after another.
public protocol RelayEnd: AnyObject {
    func read(_ done: @escaping (ReadOutcome) -> Void)

    /// - Parameter done: is told that more may be written, or that there is no connection any more
    func write(_ data: Data, _ done: @escaping (Bool) -> Void)

    /// Shuts down the direction that is written to.
    func endOutput()

    /// Both directions are over.
    ///
    /// - Parameter done: is told when the system has let go
    func close(_ done: @escaping () -> Void)

    /// The other side feels that this is no proper end.
    ///
    /// - Parameter done: is told when the system has let go
    func reset(_ done: @escaping () -> Void)
}
