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

    /// - Parameter done: called with whether more may be written; false if the connection is gone
    func write(_ data: Data, _ done: @escaping (Bool) -> Void)

    /// Shuts down the direction that is written to.
    func endOutput()

    /// Both directions are over.
    ///
    /// - Parameter done: called when the system has released the connection
    func close(_ done: @escaping () -> Void)

    /// The other side feels that this is no proper end.
    ///
    /// - Parameter done: called when the system has released the connection
    func reset(_ done: @escaping () -> Void)
}
