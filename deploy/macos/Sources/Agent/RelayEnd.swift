import Foundation

/// The result of a read.
public enum ReadOutcome: Equatable, Sendable {
    case data(Data)

    /// The other side shut down its direction; nothing follows.
    case end

    /// A reset, or another failure that ends the connection.
    case broken
}

/// One end of a relay: an application's flow, a connection that was opened, or a hop's Unix socket. All calls and callbacks are
/// on the agent's queue. At most one read and one write are pending.
public protocol RelayEnd: AnyObject {
    func read(_ done: @escaping (ReadOutcome) -> Void)

    /// - Parameter done: called with whether more may be written; false if the connection is gone
    func write(_ data: Data, _ done: @escaping (Bool) -> Void)

    /// Shuts down the output.
    func endOutput()

    /// Ends both directions.
    ///
    /// - Parameter done: called when the system has released the connection
    func close(_ done: @escaping () -> Void)

    /// Resets the connection, so that the other side sees a failure.
    ///
    /// - Parameter done: called when the system has released the connection
    func reset(_ done: @escaping () -> Void)
}
